package dev.suture.cli.house;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The checkout these tests run in; Maven starts them in the folder of their module. */
final class SourceTree {
    private static final Path REPOSITORY = Path.of("").toAbsolutePath().getParent();

    private SourceTree() {}

    /** {@return the folders of the modules, by name} */
    private static List<Path> modules() {
        try (Stream<Path> folders = Files.list(REPOSITORY)) {
            return folders.filter(folder -> Files.isRegularFile(folder.resolve("pom.xml")))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return the folder of the compiled main code of every module} */
    static List<Path> mainClassFolders() {
        return modules().stream()
                .map(module -> module.resolve("target/classes"))
                .filter(Files::isDirectory)
                .toList();
    }

    /** {@return every Java file of main code} */
    static List<Path> mainSources() {
        return modules().stream()
                .map(module -> module.resolve("src/main/java"))
                .filter(Files::isDirectory)
                .flatMap(SourceTree::javaFilesBelow)
                .toList();
    }

    private static Stream<Path> javaFilesBelow(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return a file's path from the top of the checkout, as a message names it} */
    static String name(Path file) {
        return REPOSITORY.relativize(file).toString();
    }
}
