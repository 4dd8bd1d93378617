package dev.suture.build.make;

import java.util.Locale;
import java.util.Set;

/**
 * What the words of a compiler's command line mean.
 *
 * @see "GCC manual, Option Summary; Overall Options, on the endings of files"
 */
final class CommandWords {
    /** Options whose argument may be the next word. */
    static final Set<String> OPTIONS_WITH_ARGUMENT = Set.of(
            "-I",
            "-D",
            "-U",
            "-include",
            "-imacros",
            "-isystem",
            "-iquote",
            "-idirafter",
            "-iprefix",
            "-iwithprefix",
            "-isysroot",
            "-x",
            "-Xpreprocessor",
            "-Xassembler",
            "-Xclang",
            "--param",
            "-aux-info",
            "-A",
            "-B",
            "-wrapper",
            "-specs",
            "-target",
            "-arch",
            "-mllvm",
            "-G");

    /** Options that name or shape output, with the argument in the next word. */
    static final Set<String> OTHERS_WITH_ARGUMENT =
            Set.of("-o", "-MF", "-MT", "-MQ", "-L", "-l", "-Xlinker", "-T", "-u", "-z", "-h", "-soname", "-e");

    /** With one of these, a compiler makes neither an object nor a program. */
    static final Set<String> MAKES_NO_OBJECT = Set.of("-E", "-S", "-M", "-MM", "-fsyntax-only", "--version");

    private static final Set<String> SOURCE_ENDINGS =
            Set.of("c", "cc", "cp", "cxx", "cpp", "c++", "C", "CPP", "i", "ii", "m", "mm", "s", "S", "sx");

    private CommandWords() {}

    /** {@return whether a file of that name is compiled or assembled} */
    static boolean isSource(String path) {
        return SOURCE_ENDINGS.contains(ending(path));
    }

    /** {@return whether a file of that name is C or C++ with which line directives make sense} */
    static boolean isC(String path) {
        String ending = ending(path).toLowerCase(Locale.ROOT);
        return Set.of("c", "cc", "cp", "cxx", "cpp", "c++", "h", "hh", "hp", "hxx", "hpp", "h++", "inc", "tcc", "ipp")
                .contains(ending);
    }

    static boolean isObject(String path) {
        return path.endsWith(".o") || path.endsWith(".lo") || path.endsWith(".obj");
    }

    static boolean isArchive(String path) {
        return path.endsWith(".a");
    }

    private static String ending(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
