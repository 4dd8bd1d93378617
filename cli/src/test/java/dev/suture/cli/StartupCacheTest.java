package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which start-up cache {@code scripts/launch} hands to the JVM: what is in it is run. */
class StartupCacheTest {
    private static final Path LAUNCH =
            Path.of("../scripts/launch").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    private Path jar;
    private Path caches;

    @BeforeEach
    void install() throws Exception {
        // Stands for the JVM, to see what it is called with.
        Path java = folder.resolve("jdk/bin/java");
        Files.createDirectories(java.getParent());
        Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25\"\n");
        jar = Files.writeString(Files.createDirectory(folder.resolve("lib")).resolve("suture-cli.jar"), "");
        caches = Files.createDirectories(folder.resolve("home/suture/aot/1"));
    }

    private List<String> launched(Path in, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", LAUNCH.toString(), jar.toString(), in.toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment().remove("SUTURE_AOT");
        Process process = builder.start();
        List<String> arguments = process.inputReader().readAllLines();
        assertThat(process.waitFor()).isZero();
        return arguments.stream()
                .filter(argument -> argument.startsWith("-XX:AOTCache="))
                .map(argument -> argument.replaceFirst(".*-([a-z]+)\\.aot$", "$1"))
                .toList();
    }

    private void make(Path in) throws Exception {
        Process sum = new ProcessBuilder("cksum")
                .redirectInput(folder.resolve("jdk/release").toFile())
                .start();
        String name = "suture-" + new String(sum.getInputStream().readAllBytes()).split(" ")[0];
        for (String kind : List.of("build", "live")) {
            Files.writeString(in.resolve(name + "-" + kind + ".aot"), "");
        }
        Files.writeString(in.resolve(name + ".tried"), "");
    }

    @Test
    void eachKindOfCommandHasItsOwn() throws Exception {
        make(caches);
        assertThat(launched(caches, "build", "process")).containsExactly("build");
        assertThat(launched(caches, "load", "a", "--on", "pid:1")).containsExactly("live");
        // There is none for the shortest question yet.
        assertThat(launched(caches, "list", "--on", "pid:1")).containsExactly("live");
        for (Path file : Files.list(caches).toList()) {
            if (file.toString().endsWith("-live.aot")) {
                Files.copy(file, Path.of(file.toString().replace("-live", "-list")));
            }
        }
        assertThat(launched(caches, "list", "--on", "pid:1")).containsExactly("list");
        assertThat(launched(caches, "list", "--on", "pid:1", "--json")).containsExactly("live");
    }

    @Test
    void whatAnotherUserMadeIsNotRun() throws Exception {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "needs root, to be two users");
        make(caches);
        for (Path place : List.of(caches, caches.getParent(), caches.getParent().getParent())) {
            Files.setAttribute(place, "unix:uid", 12345);
            assertThat(launched(caches, "list", "--on", "pid:1"))
                    .as(place.toString())
                    .isEmpty();
            Files.setAttribute(place, "unix:uid", 0);
        }
        assertThat(launched(caches, "load", "a")).containsExactly("live");
        for (Path file : Files.list(caches).toList()) {
            Files.setAttribute(file, "unix:uid", 12345);
        }
        assertThat(launched(caches, "load", "a")).isEmpty();
        // Beside the jar: whoever gives that is trusted.
        Path beside = Files.createDirectory(jar.resolveSibling("aot"));
        make(beside);
        Files.setAttribute(beside, "unix:uid", 12345);
        assertThat(launched(beside, "load", "a")).containsExactly("live");
    }
}
