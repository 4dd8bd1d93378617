package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Packages from the Debian archives this machine is set up to use, fetched without installing anything.
 *
 * <p>apt is asked with lists and a cache folder of our own, so the machine's are neither needed nor changed, and no
 * privilege is needed. Its signatures are checked as always. What the machine runs after an update of its own lists is
 * not run here.
 */
final class DebianArchive {
    private final Path folder;
    private final Path configuration;
    private boolean listsAreFresh;

    /**
     * Prepares to ask apt; nothing is fetched yet.
     *
     * @param folder an empty folder for apt's lists and for the packages, absolute
     */
    DebianArchive(Path folder) {
        this.folder = folder;
        this.configuration = folder.resolve("apt.conf");
        try {
            Files.createDirectories(folder.resolve("lists/partial"));
            Files.createDirectories(folder.resolve("cache/archives/partial"));
            Files.writeString(configuration, """
                    Dir::State::Lists "%1$s/lists";
                    Dir::Cache "%1$s/cache";
                    Acquire::Languages "none";
                    Acquire::Retries "2";
                    APT::Architecture "amd64";
                    // The folder may be closed to the user apt drops its privileges to.
                    APT::Sandbox::User "root";
                    #clear APT::Update::Pre-Invoke;
                    #clear APT::Update::Post-Invoke;
                    #clear APT::Update::Post-Invoke-Success;
                    """.formatted(folder));
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(folder, PlainFile.why(e)), e);
        }
        if (Command.onPath("apt-get").isEmpty() || Command.onPath("dpkg-deb").isEmpty()) {
            throw new LivePatchException(
                    "apt-get or dpkg-deb is missing: a rehearsal takes its dom0 from Debian 12 packages");
        }
    }

    /**
     * {@return the versions of a package on offer, newest first}
     *
     * @throws LivePatchException if there is none
     */
    List<String> versions(String packageName) throws InterruptedException {
        refreshLists();
        Command.Ended madison = apt("apt-cache", "madison", packageName);
        List<String> versions = madison.output()
                .lines()
                .map(line -> line.split("\\|"))
                .filter(columns -> columns.length == 3 && columns[0].strip().equals(packageName))
                .map(columns -> columns[1].strip())
                .distinct()
                .toList();
        if (versions.isEmpty()) {
            throw new LivePatchException("no package %s in this machine's apt sources, where Debian 12 has one\n%s"
                    .formatted(packageName, madison.tail()));
        }
        return versions;
    }

    /** {@return the first package that one version of a package depends on, such as the kernel behind a meta package} */
    Optional<String> firstDependency(String packageName, String version) throws InterruptedException {
        return apt("apt-cache", "show", packageName + "=" + version)
                .output()
                .lines()
                .filter(line -> line.startsWith("Depends: "))
                .map(line -> line.substring("Depends: ".length()).split("[ ,(]")[0])
                .findFirst();
    }

    /**
     * Downloads packages at one version into the folder.
     *
     * @return the package files, or what apt said if it could not get every one of them: an archive may list a version
     *     whose file it no longer has
     */
    Download download(List<String> packageNames, String version) throws InterruptedException {
        Path target = folder.resolve("packages/" + version.replaceAll("[^A-Za-z0-9.+~-]", "_"));
        List<String> arguments = new ArrayList<>(List.of("apt-get", "-q", "download"));
        packageNames.forEach(name -> arguments.add(name + "=" + version));
        try {
            Files.createDirectories(target);
            Command.Ended ended = apt(target, arguments);
            try (var files = Files.list(target)) {
                List<Path> packages =
                        files.filter(file -> file.toString().endsWith(".deb")).toList();
                return ended.exitCode() == 0 && packages.size() == packageNames.size()
                        ? new Download(packages, "")
                        : new Download(List.of(), ended.tail());
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(target, PlainFile.why(e)), e);
        }
    }

    /**
     * What came of a download.
     *
     * @param packages the package files, all or none
     * @param problem what apt said if there are none
     */
    record Download(List<Path> packages, String problem) {}

    private void refreshLists() throws InterruptedException {
        if (listsAreFresh) {
            return;
        }
        Command.Ended update = apt("apt-get", "-q", "update");
        // Archives of other vendors may be out of reach; whether the ones needed were, shows when packages are asked
        // for.
        if (update.exitCode() != 0 && !update.output().contains("Get:")) {
            throw new LivePatchException("apt-get update failed; is the network up?\n" + update.tail());
        }
        listsAreFresh = true;
    }

    private Command.Ended apt(String... command) throws InterruptedException {
        return apt(folder, List.of(command));
    }

    private Command.Ended apt(Path directory, List<String> command) throws InterruptedException {
        List<String> configured = new ArrayList<>(command);
        configured.addAll(1, List.of("-c", configuration.toString()));
        return Command.run(directory, configured);
    }
}
