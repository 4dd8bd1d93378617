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
        return tokens.equals(other.tokens) && directives.equals(other.directives);
    }

    /** {@return every word in it that may be the name of something declared elsewhere} */
    Set<String> mentions() {
        return FindNames.mentions(tokens, kind == Kind.FUNCTION);
    }

    /** {@return whether there is a variable in it that only this source can see and that may be written} */
    boolean holdsState() {
        return FindNames.holdsState(tokens, kind == Kind.FUNCTION);
    }
}
