package dev.suture.source;

import dev.suture.source.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The bodies of the functions of sources before the preprocessor, by name; several of one name are joined. */
record Bodies(Map<String, List<Token>> byName) {
    static Bodies of(List<String> texts) {
        Map<String, List<Token>> found = new LinkedHashMap<>();
        for (String text : texts) {
            Optional<List<Token>> tokens = Tokenise.of(PlainText.of(text));
            tokens.ifPresent(all -> cut(
                    all.stream().filter(token -> token.kind() != Kind.DIRECTIVE).toList(), found));
        }
        return new Bodies(found);
    }

    private static void cut(List<Token> tokens, Map<String, List<Token>> found) {
        for (int at = 1; at + 1 < tokens.size(); at++) {
            boolean isName = tokens.get(at).is("(")
                    && tokens.get(at - 1).isWord()
                    && !ConstantUses.isKeyword(tokens.get(at - 1));
            int end = isName ? ConstantUses.closing(tokens, at) : tokens.size();
            if (end + 1 < tokens.size() && tokens.get(end + 1).is("{")) {
                int last = Math.min(ConstantUses.closing(tokens, end + 1), tokens.size());
                found.computeIfAbsent(tokens.get(at - 1).text(), _ -> new ArrayList<>())
                        .addAll(tokens.subList(end + 1, last));
                at = last - 1;
            }
        }
    }

    /** {@return the functions that both have, with other bodies} */
    List<String> changed(Bodies patched) {
        return byName.keySet().stream()
                .filter(name -> patched.byName.containsKey(name)
                        && !patched.byName.get(name).equals(byName.get(name)))
                .toList();
    }

    /** {@return the body of a function, cut at semicolons and braces} */
    List<List<Token>> statements(String function) {
        List<List<Token>> statements = new ArrayList<>();
        List<Token> current = new ArrayList<>();
        int depth = 0;
        for (Token token : byName.getOrDefault(function, List.of())) {
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            if (ConstantUses.endsStatement(token) && (depth <= 0 || !token.is(";"))) {
                statements.add(List.copyOf(current));
                current.clear();
            } else {
                current.add(token);
            }
        }
        statements.add(List.copyOf(current));
        statements.removeIf(List::isEmpty);
        return statements;
    }
}
