package dev.suture.source;

import dev.suture.source.Tokenise.Placed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Cuts a source behind the preprocessor into its declarations, in the order of the text.
 *
 * <p>Most of what a source is behind the preprocessor are headers, and two versions of it begin with the same megabyte. So
 * the second one takes over the declarations of the first up to where the texts differ, which are the very same objects
 * then: each is a matter of its own text and of the directives before it alone.
 */
final class CutDeclarations {
    /**
     * The end of a declaration.
     *
     * @param textEnd index of the character behind it
     * @param count how many declarations there are up to here
     * @param directivesLength how much of the directives is before it
     */
    private record Cut(int textEnd, int count, int directivesLength) {}

    private final List<Declaration> declarations = new ArrayList<>();
    private final List<Cut> cuts = new ArrayList<>();
    private final StringBuilder directives = new StringBuilder();

    private CutDeclarations() {}

    /** {@return the declarations of a text; empty if a string or comment has no end} */
    static Optional<CutDeclarations> of(String text) {
        CutDeclarations work = new CutDeclarations();
        return work.cut(text, 0) ? Optional.of(work) : Optional.empty();
    }

    /**
     * {@return the declarations of a second text; empty if a string or comment has no end}
     *
     * @param first the text that this was cut from
     */
    Optional<CutDeclarations> ofSecond(String first, String second) {
        CutDeclarations work = new CutDeclarations();
        int same = sameUpTo(first, second) - Tokenise.LOOKS_AHEAD;
        int at = Collections.binarySearch(cuts, new Cut(same, 0, 0), (one, other) -> one.textEnd() - other.textEnd());
        int shared = at < 0 ? -at - 2 : at;
        int start = 0;
        if (shared >= 0) {
            Cut last = cuts.get(shared);
            work.declarations.addAll(declarations.subList(0, last.count()));
            work.directives.append(directives, 0, last.directivesLength());
            start = last.textEnd();
        }
        return work.cut(second, start) ? Optional.of(work) : Optional.empty();
    }

    private static int sameUpTo(String first, String second) {
        int limit = Math.min(first.length(), second.length());
        int at = 0;
        while (at < limit && first.charAt(at) == second.charAt(at)) {
            at++;
        }
        return at;
    }

    List<Declaration> declarations() {
        return declarations;
    }

    private boolean cut(String text, int from) {
        Optional<Placed> placed = Tokenise.from(text, from);
        placed.ifPresent(this::cut);
        return placed.isPresent();
    }

    private void cut(Placed placed) {
        List<Token> tokens = placed.tokens();
        int start = 0;
        int depth = 0;
        boolean assigned = false;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean ends = false;
            if (token.kind() == Token.Kind.DIRECTIVE) {
                directives.append(token.text()).append('\n');
            } else if (token.bracket() != 0) {
                depth += token.bracket();
                ends = depth == 0 && token.is("}") && !assigned && FindNames.endsFunction(tokens.subList(start, i + 1));
            } else if (depth == 0) {
                assigned |= token.is("=");
                ends = token.is(";");
            }
            if (ends || i == tokens.size() - 1) {
                FindNames.declaration(tokens.subList(start, i + 1), directives.toString())
                        .ifPresent(declarations::add);
                start = i + 1;
                assigned = false;
            }
            if (ends) {
                cuts.add(new Cut(placed.ends()[i], declarations.size(), directives.length()));
            }
        }
    }
}
