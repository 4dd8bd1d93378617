package dev.suture.diff;

import java.util.regex.Pattern;

/** What compilers do to names. */
public final class Names {
    private static final Pattern NUMBER = Pattern.compile("\\.[0-9]+(?=\\.|$)");
    private static final Pattern COLD = Pattern.compile("\\.cold(\\.[0-9]+)?$");

    private Names() {}

    /** {@return whether this is the part of a function that the compiler expects not to run, put elsewhere} */
    public static boolean isCold(String symbolName) {
        return symbolName.endsWith(".cold") || COLD.matcher(symbolName).find();
    }

    /**
     * {@return the name without the numbers that a compiler hands out in the order it meets things: {@code last.1}
     * becomes {@code last}, {@code f.part.0} becomes {@code f.part}}
     */
    public static String stem(String symbolName) {
        return symbolName.indexOf('.') < 0
                ? symbolName
                : NUMBER.matcher(symbolName).replaceAll("");
    }

    /** {@return whether the compiler put a number into the name} */
    public static boolean isNumbered(String symbolName) {
        return symbolName.indexOf('.') >= 0 && NUMBER.matcher(symbolName).find();
    }
}
