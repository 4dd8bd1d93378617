package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * A set of files that come out of Debian packages, kept flat in one folder with a list of what is in it.
 *
 * @param name what the files are for, fit for a file name
 * @param sources the packages and which of their files are wanted
 */
record PackagedFiles(String name, List<Source> sources) {
    private static final String CONTENTS = "contents.txt";

    /**
     * Packages of one version, and what is wanted of them.
     *
     * @param packages names of packages built together, all wanted at the same version
     * @param isMeta whether the only package named is an empty one, and the first it depends on is meant
     * @param paths what is wanted: regular expressions for whole paths inside the packages
     */
    record Source(List<String> packages, boolean isMeta, List<String> paths) {
        static Source of(List<String> packages, String... paths) {
            return new Source(packages, false, List.of(paths));
        }

        static Source behind(String metaPackage, String... paths) {
            return new Source(List.of(metaPackage), true, List.of(paths));
        }
    }

    /** {@return the name of the folder for these files: another one when what is wanted changes} */
    String folderName() {
        return name + "-"
                + sha256(sources.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 12);
    }

    /** {@return whether the folder holds every file that was put there, unchanged} */
    boolean isIntactIn(Path folder) throws IOException {
        Path contents = folder.resolve(CONTENTS);
        if (!Files.exists(contents)) {
            return false;
        }
        for (String line : Files.readAllLines(contents)) {
            String[] words = line.split(" ");
            if (words[0].equals("file")) {
                Path file = folder.resolve(words[1]);
                if (!Files.isReadable(file) || !sha256(Files.readAllBytes(file)).equals(words[2])) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Downloads the packages and takes the wanted files out of them.
     *
     * @param folder where to, created by this
     */
    void fetchInto(Path folder, Progress progress) throws IOException, InterruptedException {
        Path work = Files.createDirectories(folder.resolve("work"));
        DebianArchive archive = new DebianArchive(work);
        List<String> contents = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            progress.advance(i, sources.size());
            contents.add(fetch(sources.get(i), archive, folder));
        }
        progress.advance(sources.size(), sources.size());
        Folders.delete(work);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                contents.add("file " + file.getFileName() + " " + sha256(Files.readAllBytes(file)));
            }
        }
        Files.write(folder.resolve(CONTENTS), contents);
    }

    // The newest version on offer, or an older one if the archive lists it but does not have its files.
    private static String fetch(Source source, DebianArchive archive, Path folder)
            throws IOException, InterruptedException {
        String problem = "";
        for (String version : archive.versions(source.packages().getFirst())) {
            List<String> packages = source.isMeta()
                    ? archive.firstDependency(source.packages().getFirst(), version).stream()
                            .toList()
                    : source.packages();
            DebianArchive.Download download = archive.download(packages, version);
            if (!download.packages().isEmpty()) {
                unpack(download.packages(), source.paths(), folder);
                return "package " + String.join(",", packages) + " " + version;
            }
            problem = download.problem();
        }
        throw new LivePatchException("cannot download %s\n%s".formatted(String.join(", ", source.packages()), problem));
    }

    private static void unpack(List<Path> packages, List<String> paths, Path folder) throws IOException {
        List<Pattern> missing =
                new ArrayList<>(paths.stream().map(Pattern::compile).toList());
        for (Path debianPackage : packages) {
            Process dpkg = new ProcessBuilder("dpkg-deb", "--fsys-tarfile", debianPackage.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (TarArchiveInputStream tar =
                    new TarArchiveInputStream(new BufferedInputStream(dpkg.getInputStream(), 1 << 16))) {
                for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    String path = entry.getName().replaceFirst("^\\./", "");
                    for (String wanted : paths) {
                        if (path.matches(wanted)) {
                            keep(entry, tar, folder.resolve(path.substring(path.lastIndexOf('/') + 1)));
                            missing.removeIf(pattern -> pattern.pattern().equals(wanted));
                        }
                    }
                }
            } finally {
                dpkg.destroyForcibly();
            }
        }
        if (!missing.isEmpty()) {
            throw new LivePatchException("the packages %s hold no file %s".formatted(packages, missing));
        }
    }

    private static void keep(TarArchiveEntry entry, TarArchiveInputStream tar, Path file) throws IOException {
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
        } else if (entry.isFile()) {
            Files.copy(tar, file);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
