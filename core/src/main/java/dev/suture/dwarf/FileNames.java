package dev.suture.dwarf;

import java.util.List;
import java.util.stream.LongStream;

/** The files that numbers in entries and line tables stand for. Paths are put together when first asked for. */
final class FileNames {
    static final FileNames NONE = new FileNames(0, List.of(), List.of());

    private final int firstNumber;
    private final List<String> directories;
    private final List<Name> names;
    private final String[] paths;

    /** A file as the table has it. */
    record Name(String name, long directory) {}

    /**
     * @param firstNumber the number of the first file: 0 since DWARF 5, 1 before
     * @param directories the first is the one the compiler ran in
     */
    FileNames(int firstNumber, List<String> directories, List<Name> names) {
        this.firstNumber = firstNumber;
        this.directories = directories;
        this.names = names;
        this.paths = new String[names.size()];
    }

    /**
     * {@return the path of a file, relative to the directory the compiler ran in unless absolute; empty if there is no
     * such number: 0 means no file before DWARF 5}
     */
    String path(long number) {
        if (number < firstNumber || number - firstNumber >= paths.length) {
            return "";
        }
        int index = (int) (number - firstNumber);
        if (paths[index] == null) {
            paths[index] = path(names.get(index));
        }
        return paths[index];
    }

    /** {@return the paths of all files, as {@link #path} has them} */
    List<String> all() {
        return LongStream.range(firstNumber, (long) firstNumber + paths.length)
                .mapToObj(this::path)
                .toList();
    }

    private String path(Name file) {
        String path = file.name();
        if (file.directory() > 0 && file.directory() < directories.size() && !path.startsWith("/")) {
            path = directories.get((int) file.directory()) + "/" + path;
        }
        int start = 0;
        while (path.startsWith("./", start)) {
            start += 2;
        }
        return path.substring(start);
    }
}
