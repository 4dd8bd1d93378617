package dev.suture.source;

import java.util.List;
import java.util.Set;

/**
 * What stands between the ends of two declarations of a source: a function, a type, one or several variables.
 *
 * @param names what it declares: functions, variables, types, tags and enumerators alike
 * @param kind what sort of thing these are
 * @param tokens all of it
 * @param directives those before it that are more than line numbers: they may change its meaning
 */
record Declaration(Set<String> names, Kind kind, List<Token> tokens, String directives) {
    private static final Set<String> NO_VARIABLES =
            Set.of("asm", "__asm__", "__asm", "_Static_assert", "static_assert", "typedef");

    /** What a declaration declares. */
    enum Kind {
        /** A function with its body. */
        FUNCTION,
        /** Anything else with a name. */
        OTHER,
        /** Whatever is not understood, and everything without a name: assembly, for one. */
        UNKNOWN
    }

    Declaration {
        names = Set.copyOf(names);
    }

    /** {@return whether this says the same as one of another version} */
    boolean saysSameAs(Declaration other) {
        return this == other || tokens.equals(other.tokens) && directives.equals(other.directives);
    }

    /**
     * {@return whether this is a prototype that says, token by token, what the head of a function says anyway} A patch adds
     * such a one to call a function above the place where it stands, and changes nothing about the function with it.
     */
    boolean repeatsHeadOf(Declaration function) {
        int head = tokens.size() - 1;
        return kind == Kind.OTHER
                && function.kind == Kind.FUNCTION
                && names.equals(function.names)
                && directives.equals(function.directives)
                && tokens.getLast().is(";")
                && function.tokens.size() > head
                && function.tokens.get(head).is("{")
                && function.tokens.subList(0, head).equals(tokens.subList(0, head));
    }

    /** {@return every word in it that may be the name of something declared elsewhere} */
    Set<String> mentions() {
        return FindNames.mentions(tokens, kind == Kind.FUNCTION);
    }

    /** {@return whether it may declare a variable without its being understood: assembly and assertions do not} */
    boolean mayDeclareVariable() {
        String first = tokens.stream()
                .filter(token -> token.kind() != Token.Kind.DIRECTIVE && !token.is("__extension__"))
                .map(Token::text)
                .findFirst()
                .orElse("");
        return kind == Kind.UNKNOWN && !NO_VARIABLES.contains(first);
    }

    /** {@return what it holds that may be written} */
    Storage storage() {
        return Storage.of(this);
    }
}
