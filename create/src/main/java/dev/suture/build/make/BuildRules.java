package dev.suture.build.make;

import java.util.regex.Pattern;

/** Tells by their names the files that say how a program is built. */
final class BuildRules {
    private static final Pattern RULES = Pattern.compile(
            "(.*/)?((GNU)?[Mm]akefile(\\..*)?|CMakeLists\\.txt|meson\\.build|meson_options\\.txt|configure(\\.ac|\\.in)?)"
                    + "|.*\\.(am|ac|m4|cmake|mk|in|y|yy|l|ll)");

    private static final Pattern READ_BY_PEOPLE = Pattern.compile(
            "(.*/)?(docs?|documentation|man|examples?|debian|\\.git.*|tests?|testing|testsuite|t|reg-?tests?)/.*"
                    + "|(.*/)?(changes|changelog|news|readme|authors|copying|licen[cs]e|todo|thanks)([.-].*)?"
                    + "|.*\\.(md|rst|adoc|asciidoc|pdf|po|[1-9])",
            Pattern.CASE_INSENSITIVE);

    private BuildRules() {}

    /** {@return whether a file of that name does nothing else} */
    static boolean isRule(String path) {
        return RULES.matcher(path).matches();
    }

    /**
     * {@return whether a file of that name may do so} A script without an ending, a table that sources are generated from
     * (such as an {@code errcodes.txt}), a page that is compiled in: who changes one of these may change any source. Only
     * documents, tests and C do not.
     */
    static boolean mayBeRule(String path) {
        return isRule(path)
                || !CommandWords.isC(path)
                        && !CommandWords.isSource(path)
                        && !READ_BY_PEOPLE.matcher(path).matches();
    }
}
