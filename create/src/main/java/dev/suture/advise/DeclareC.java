package dev.suture.advise;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes declarations from types as debug information has them, such as {@code char *[4]}. */
final class DeclareC {
    private static final Pattern ARRAY = Pattern.compile("(.*?)((?:\\[\\d*\\])+)");

    private DeclareC() {}

    /** {@return the declaration of a name, without a semicolon: {@code char *name[4]}} */
    static String declaration(String type, String name) {
        Matcher array = ARRAY.matcher(type);
        if (array.matches()) {
            return declaration(array.group(1), name) + array.group(2);
        }
        if (type.contains("(*)")) {
            return type.replace("(*)", "(*%s)".formatted(name));
        }
        return "%s%s%s".formatted(type, type.endsWith("*") ? "" : " ", name);
    }

    /** {@return the type of something that can be assigned to} */
    static String withoutConst(String type) {
        return type.endsWith("* const") ? type.substring(0, type.length() - " const".length()) : type;
    }
}
