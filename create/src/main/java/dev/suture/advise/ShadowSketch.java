package dev.suture.advise;

import dev.suture.dwarf.LayoutChange;
import dev.suture.dwarf.MemberChange;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes code that keeps what a patch adds to a structure beside the structure's values, as shadow variables.
 *
 * @see "suture/shadow.h, which goes into payloads that include it"
 */
final class ShadowSketch {
    private static final Pattern ARRAY = Pattern.compile("(.*?)((?:\\[\\d*\\])+)");

    private ShadowSketch() {}

    /** {@return the members that only the patched type has and that a shadow variable could hold} */
    static List<MemberChange.Added> added(LayoutChange change) {
        return change.members().stream()
                .filter(MemberChange.Added.class::isInstance)
                .map(MemberChange.Added.class::cast)
                .filter(member -> member.name().matches("\\w+") && member.sizeBytes() > 0)
                .toList();
    }

    /**
     * {@return accessors for the members; empty if there are none}
     *
     * @param change of the type
     * @param uses where the patch uses the new members
     */
    static String code(LayoutChange change, List<String> uses) {
        List<MemberChange.Added> members = added(change);
        if (members.isEmpty() || !change.typeName().matches("[\\w ]+")) {
            return "";
        }
        String type = change.typeName();
        String plain = type.substring(type.lastIndexOf(' ') + 1);
        StringBuilder code = new StringBuilder("#include <suture/shadow.h>\n");
        for (MemberChange.Added member : members) {
            String id = "SUTURE_%s_%s".formatted(plain, member.name());
            String accessor = "%s_%s".formatted(plain, member.name());
            String holder = "suture_%s_t".formatted(accessor);
            // One more use of the same number is found by whoever stacks payloads, for both name type and member.
            long number = Integer.toUnsignedLong((type + "." + member.name()).hashCode());
            code.append("""

                    /* In place of `%s` in %s. */
                    typedef %s;
                    #define %s 0x%xUL

                    /* NULL if there is no memory: every caller has to bear that. */
                    static %s *%s(const %s *object)
                    {
                        return suture_shadow_attach(object, %s, sizeof(%s), NULL);
                    }
                    """.formatted(
                            declaration(member.type(), member.name()),
                            type,
                            declaration(member.type(), holder),
                            id,
                            number,
                            holder,
                            accessor,
                            type,
                            id,
                            holder));
        }
        code.append("\n/*\n * - Leave %s as it is, and use the accessors in place of the members:\n".formatted(type));
        uses.forEach(use -> code.append(" *     ").append(use).append('\n'));
        code.append(" * - Where a %s is freed, in front of that:\n".formatted(type));
        members.forEach(member ->
                code.append(" *     suture_shadow_free(object, SUTURE_%s_%s);\n".formatted(plain, member.name())));
        return code.append(" */\n").toString();
    }

    private static String declaration(String type, String name) {
        Matcher array = ARRAY.matcher(type);
        if (array.matches()) {
            return "%s %s%s".formatted(array.group(1), name, array.group(2));
        }
        if (type.contains("(*)")) {
            return type.replace("(*)", "(*%s)".formatted(name));
        }
        return "%s%s%s".formatted(type, type.endsWith("*") ? "" : " ", name);
    }

    /** {@return what to know before using it} */
    static String text(LayoutChange change) {
        return ("What the patch adds to %s (%s) can be kept beside the values there are, in shadow variables found by the"
                        + " value's address. They begin as zeros: give what the patch sets where it creates a value as the"
                        + " last argument of suture_shadow_attach(), because values that exist were created without the"
                        + " patch. Each has to be freed before its value's memory is used for another.")
                .formatted(
                        change.typeName(),
                        added(change).stream()
                                .map(member -> "`%s`".formatted(member.name()))
                                .collect(Collectors.joining(", ")));
    }
}
