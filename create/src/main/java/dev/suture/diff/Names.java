package dev.suture.diff;

import dev.suture.elf.Symbol;
import java.util.regex.Pattern;

/** What compilers do to names. */
public final class Names {
    private static final Pattern NUMBER = Pattern.compile("\\.[0-9]+(?=\\.|$)");
    /** Which of the variables of one name in a function it is. */
    private static final Pattern DISCRIMINATOR = Pattern.compile("_([0-9]|_[0-9]+_)$");

    private static final Pattern COLD = Pattern.compile("\\.cold(\\.[0-9]+)?$");

    private Names() {}

    /**
     * {@return whether this is the part of a function that the compiler expects not to run, put elsewhere} No other object
     * can call such a part; what is called so and is global is somebody's function.
     */
    public static boolean isCold(Symbol symbol) {
        return symbol.isLocal() && COLD.matcher(symbol.name()).find();
    }

    /**
     * {@return the name without the numbers that a compiler hands out in the order it meets things: {@code last.1}
     * becomes {@code last}, {@code f.part.0} becomes {@code f.part}, {@code _ZZ1fvE1n_0} becomes {@code _ZZ1fvE1n}}
     */
    public static String stem(String symbolName) {
        if (symbolName.startsWith("_ZZ") || symbolName.startsWith("_ZGVZ")) {
            return DISCRIMINATOR.matcher(symbolName).replaceFirst("");
        }
        return symbolName.indexOf('.') < 0
                ? symbolName
                : NUMBER.matcher(symbolName).replaceAll("");
    }

    /** {@return whether the compiler put a number into the name} */
    public static boolean isNumbered(String symbolName) {
        return symbolName.indexOf('.') >= 0 && NUMBER.matcher(symbolName).find();
    }
}
