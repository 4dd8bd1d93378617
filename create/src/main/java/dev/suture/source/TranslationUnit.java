package dev.suture.source;

import dev.suture.source.Declaration.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One source after the preprocessor, cut into its declarations.
 *
 * <p>A declaration ends at a semicolon outside of all brackets, or with the body of a function. The name is found by what
 * is around it:
 *
 * <pre>
 *   static inline int __attribute__((pure)) f(struct s *p) { ... }   declares f, mentions s
 *   typedef struct s { enum { A, B } kind; } s_t;                    declares s, s_t, A and B
 *   extern int (*hook)(void), table[4];                              declares hook and table
 * </pre>
 *
 * @param declarations for each name all that declares it, in the order of the source
 * @param unknown what is not understood
 */
record TranslationUnit(Map<String, List<Declaration>> declarations, List<Declaration> unknown) {
    TranslationUnit {
        declarations = Map.copyOf(declarations);
        unknown = List.copyOf(unknown);
    }

    /**
     * {@return a source, cut}
     *
     * @param preprocessed what the preprocessor wrote; empty if it has no end where one has to be
     */
    static Optional<TranslationUnit> read(String preprocessed) {
        return Tokenise.of(preprocessed).map(TranslationUnit::cut);
    }

    private static TranslationUnit cut(List<Token> tokens) {
        Map<String, List<Declaration>> byName = new HashMap<>();
        List<Declaration> unknown = new ArrayList<>();
        StringBuilder directives = new StringBuilder();
        int start = 0;
        int depth = 0;
        boolean assigned = false;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean ends = false;
            if (token.kind() == Token.Kind.DIRECTIVE) {
                directives.append(token.text()).append('\n');
            } else if (token.is("{") || token.is("(") || token.is("[")) {
                depth++;
            } else if (token.is("}") || token.is(")") || token.is("]")) {
                depth--;
                ends = depth == 0 && token.is("}") && !assigned && FindNames.endsFunction(tokens.subList(start, i + 1));
            } else if (depth == 0) {
                assigned |= token.is("=");
                ends = token.is(";");
            }
            if (ends || i == tokens.size() - 1) {
                add(FindNames.declaration(tokens.subList(start, i + 1), directives.toString()), byName, unknown);
                start = i + 1;
                assigned = false;
            }
        }
        return new TranslationUnit(byName, unknown);
    }

    private static void add(
            Optional<Declaration> found, Map<String, List<Declaration>> byName, List<Declaration> unknown) {
        if (found.isEmpty()) {
            return;
        }
        Declaration declaration = found.get();
        if (declaration.kind() == Kind.UNKNOWN) {
            unknown.add(declaration);
        }
        declaration
                .names()
                .forEach(name ->
                        byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(declaration));
    }

    /** {@return all that declares a name, in the order of the source} */
    List<Declaration> of(String name) {
        return declarations.getOrDefault(name, List.of());
    }
}
