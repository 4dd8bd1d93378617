package dev.suture.source;

import dev.suture.source.Declaration.Kind;
import java.util.ArrayList;
import java.util.Collections;
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
        declarations = Collections.unmodifiableMap(declarations);
        unknown = List.copyOf(unknown);
    }

    /** Two versions of a source. */
    record Both(TranslationUnit original, TranslationUnit patched) {}

    /**
     * {@return two versions of a source, cut; empty if one has no end where one has to be}
     *
     * @param original what the preprocessor wrote of the one
     * @param patched what it wrote of the other
     */
    static Optional<Both> readBoth(String original, String patched) {
        Optional<CutDeclarations> first = CutDeclarations.of(original);
        return first.flatMap(cut -> cut.ofSecond(original, patched))
                .map(second -> new Both(of(first.orElseThrow().declarations()), of(second.declarations())));
    }

    private static TranslationUnit of(List<Declaration> declarations) {
        Map<String, List<Declaration>> byName = new HashMap<>();
        List<Declaration> unknown = new ArrayList<>();
        for (Declaration declaration : declarations) {
            if (declaration.kind() == Kind.UNKNOWN) {
                unknown.add(declaration);
            }
            declaration
                    .names()
                    .forEach(name ->
                            byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(declaration));
        }
        return new TranslationUnit(byName, unknown);
    }

    /** {@return all that declares a name, in the order of the source} */
    List<Declaration> of(String name) {
        return declarations.getOrDefault(name, List.of());
    }
}
