package dev.suture.source;

import dev.suture.source.Declaration.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds what one declaration declares and mentions.
 *
 * <p>Attributes and the like are put aside, brackets are taken as one, and what then stands before the first parentheses
 * or at the end of a declarator is its name. Whatever does not look like that is not understood.
 *
 * @see "C11, 6.7; GCC manual, 6.39 Attribute Syntax, 6.47.4 Controlling Names Used in Assembler Code"
 */
final class FindNames {
    /** Words that go with a group in parentheses and say nothing of the name. */
    private static final Set<String> WITH_GROUP = Set.of(
            "__attribute__",
            "__attribute",
            "asm",
            "__asm__",
            "__asm",
            "_Alignas",
            "typeof",
            "__typeof__",
            "__typeof",
            "__declspec",
            "_Atomic");

    private static final Set<String> IN_ASSEMBLY = Set.of("asm", "__asm__", "__asm", "__attribute__", "__attribute");
    private static final Set<String> TAGGED = Set.of("struct", "union", "enum");
    private static final Set<String> QUALIFIERS = Set.of(
            "const", "volatile", "restrict", "__const", "__volatile__", "__restrict", "__restrict__", "__extension__");
    private static final Set<String> KEYWORDS = Set.of(
            "void",
            "char",
            "short",
            "int",
            "long",
            "float",
            "double",
            "signed",
            "unsigned",
            "_Bool",
            "_Complex",
            "struct",
            "union",
            "enum",
            "typedef",
            "extern",
            "static",
            "register",
            "inline",
            "__inline",
            "__inline__",
            "_Noreturn",
            "auto",
            "__thread",
            "_Thread_local",
            "__signed__",
            "__int128",
            "if",
            "while",
            "for",
            "switch",
            "return",
            "do",
            "else",
            "goto",
            "sizeof",
            "_Static_assert");
    /** Words before a name that say nothing of its type. */
    private static final Set<String> WITHOUT_TYPE = Set.of(
            "static",
            "extern",
            "typedef",
            "inline",
            "__inline",
            "__inline__",
            "register",
            "auto",
            "_Noreturn",
            "__thread",
            "_Thread_local");

    private static final Pattern WORD = Pattern.compile("[A-Za-z_][A-Za-z_0-9]*");
    /** What the compiler may call without a word of the source: to copy a structure, for one. */
    private static final List<String> ALWAYS_MENTIONED = List.of("memcpy", "memmove", "memset", "memcmp", "abort");

    private static final String BUILTIN = "__builtin_";

    /** A token outside of all brackets, or a pair of brackets with what is in them. */
    record Item(List<Token> tokens) {
        boolean is(String text) {
            return tokens.size() == 1 && tokens.getFirst().is(text);
        }

        boolean isGroup(String opening) {
            return tokens.size() > 1 && tokens.getFirst().is(opening);
        }

        boolean isWord() {
            return tokens.size() == 1 && tokens.getFirst().isWord();
        }

        boolean isName() {
            return isWord() && !KEYWORDS.contains(text()) && !QUALIFIERS.contains(text());
        }

        String text() {
            return tokens.getFirst().text();
        }
    }

    private FindNames() {}

    /** {@return whether tokens that end with the end of a block are a whole function} */
    static boolean endsFunction(List<Token> tokens) {
        return endInFunction(items(tokens));
    }

    private static boolean endInFunction(List<Item> items) {
        int body = items.size() - 1;
        return body > 0 && items.get(body).isGroup("{") && items.get(body - 1).isGroup("(");
    }

    /**
     * {@return the declaration; empty if there is nothing in it}
     *
     * @param tokens all of it, the final semicolon or body included
     * @param directives what of the directives before it may change its meaning
     */
    static Optional<Declaration> declaration(List<Token> tokens, String directives) {
        List<Item> items = items(tokens);
        boolean isNothing = tokens.stream().allMatch(token -> token.is(";") || token.kind() == Token.Kind.DIRECTIVE)
                || items.size() == 3
                        && TAGGED.contains(items.getFirst().text())
                        && items.get(1).isWord();
        if (isNothing) {
            return Optional.empty();
        }
        boolean isFunction = endInFunction(items);
        Set<String> names = new HashSet<>();
        boolean understood;
        if (isFunction) {
            understood = addDeclarator(items.subList(0, items.size() - 1), true, names);
        } else {
            boolean declaresTags = addTagsAndEnumerators(tokens, names);
            understood = addDeclarators(items, names, declaresTags);
        }
        Kind kind = !understood ? Kind.UNKNOWN : isFunction ? Kind.FUNCTION : Kind.OTHER;
        return Optional.of(new Declaration(understood ? names : Set.of(), kind, tokens, directives));
    }

    /** {@return the tokens outside of brackets and the groups in brackets, without attributes} */
    static List<Item> items(List<Token> tokens) {
        List<Item> items = new ArrayList<>();
        int at = 0;
        while (at < tokens.size()) {
            Token token = tokens.get(at);
            int end = groupEnd(tokens, at);
            boolean aside = WITH_GROUP.contains(token.text()) && token.isWord();
            if (aside) {
                int group = at + 1;
                while (group < tokens.size() && tokens.get(group).isWord()) {
                    group++;
                }
                boolean hasGroup = group < tokens.size() && tokens.get(group).is("(");
                end = hasGroup ? groupEnd(tokens, group) : end;
                if (hasGroup && token.text().contains("typeof")) {
                    // It stands for a type, as a keyword does.
                    items.add(new Item(List.of(new Token(Token.Kind.WORD, "int"))));
                }
            } else if (token.kind() != Token.Kind.DIRECTIVE && !token.is("__extension__")) {
                items.add(new Item(tokens.subList(at, end)));
            }
            at = end;
        }
        return items;
    }

    /** {@return the index behind the group that begins at an index; behind the token if none begins there} */
    private static int groupEnd(List<Token> tokens, int start) {
        int depth = 0;
        for (int i = start; i < tokens.size(); i++) {
            depth += tokens.get(i).bracket();
            if (depth <= 0) {
                return i + 1;
            }
        }
        return tokens.size();
    }

    /** Adds the names of types and constants that are defined in the brackets of the declaration. */
    private static boolean addTagsAndEnumerators(List<Token> tokens, Set<String> names) {
        boolean found = false;
        for (int i = 0; i < tokens.size(); i++) {
            if (!tokens.get(i).isWord() || !TAGGED.contains(tokens.get(i).text())) {
                continue;
            }
            int at = i + 1;
            while (at + 1 < tokens.size() && WITH_GROUP.contains(tokens.get(at).text())) {
                at = groupEnd(tokens, at + 1);
            }
            boolean named = at < tokens.size() && tokens.get(at).isWord();
            int body = named ? at + 1 : at;
            if (body >= tokens.size() || !tokens.get(body).is("{")) {
                continue;
            }
            found = true;
            if (named) {
                names.add(tokens.get(at).text());
            }
            if (tokens.get(i).is("enum")) {
                addEnumerators(tokens.subList(body, groupEnd(tokens, body)), names);
            }
        }
        return found;
    }

    private static void addEnumerators(List<Token> body, Set<String> names) {
        for (int i = 1; i < body.size(); i++) {
            boolean first = body.get(i - 1).is("{") || body.get(i - 1).is(",");
            if (first && body.get(i).isWord()) {
                names.add(body.get(i).text());
            }
        }
    }

    /** {@return whether all declarators between the commas were understood} */
    private static boolean addDeclarators(List<Item> items, Set<String> names, boolean declaresTags) {
        if (items.isEmpty() || !items.getLast().is(";")) {
            return false;
        }
        List<Item> declarator = new ArrayList<>();
        boolean first = true;
        boolean assigned = false;
        for (Item item : items) {
            if (item.is(",") || item.is(";")) {
                boolean onlyType = first && declaresTags && isOnlyType(declarator);
                if (!onlyType && !addDeclarator(declarator, first, names)) {
                    return false;
                }
                declarator.clear();
                first = false;
                assigned = false;
            } else if (item.is("=")) {
                assigned = true;
            } else if (!assigned) {
                declarator.add(item);
            }
        }
        return true;
    }

    /** {@return whether that is a type alone, such as {@code struct s { ... }}} */
    private static boolean isOnlyType(List<Item> items) {
        return !items.isEmpty() && items.getLast().isGroup("{");
    }

    /**
     * {@return whether a name was found where one has to be, with nothing else behind it than it may have there}
     *
     * @param first whether the declaration's type stands before it
     */
    private static boolean addDeclarator(List<Item> given, boolean first, Set<String> names) {
        List<Item> items = given.stream()
                .filter(item -> !item.isGroup("{") && !(item.isWord() && QUALIFIERS.contains(item.text())))
                .toList();
        int group = 0;
        while (group < items.size() && !items.get(group).isGroup("(")) {
            group++;
        }
        if (group < items.size()) {
            Item parentheses = items.get(group);
            boolean last = group == items.size() - 1;
            boolean pointer = parentheses.tokens().get(1).is("*");
            if (pointer && group == items.size() - 2 && items.getLast().isGroup("(")) {
                return addPointer(parentheses.tokens(), names);
            }
            return last && !pointer && group > 0 && addName(items, group - 1, first, names);
        }
        int end = items.size();
        while (end > 0 && items.get(end - 1).isGroup("[")) {
            end--;
        }
        return end > 0 && addName(items, end - 1, first, names);
    }

    /** A name must have a type before it; a word alone is one of C as it was long ago, or a macro's that stayed. */
    private static boolean addName(List<Item> items, int at, boolean first, Set<String> names) {
        Item item = items.get(at);
        List<Item> before = items.subList(0, at);
        // In `static T (x);` it is not T that is declared.
        boolean hasType =
                !first || before.stream().anyMatch(word -> word.isWord() && !WITHOUT_TYPE.contains(word.text()));
        if (!item.isName() || !hasType || before.stream().anyMatch(other -> !other.isWord() && !other.is("*"))) {
            return false;
        }
        names.add(item.text());
        return true;
    }

    /** {@code (*name)} or {@code (*const name[4])}. */
    private static boolean addPointer(List<Token> parentheses, Set<String> names) {
        List<Token> words = parentheses.stream()
                .filter(token -> token.isWord() && !QUALIFIERS.contains(token.text()))
                .toList();
        boolean plain = parentheses.stream().filter(token -> token.is("(")).count() == 1;
        if (words.isEmpty() || !plain) {
            return false;
        }
        names.add(words.getFirst().text());
        return true;
    }

    /** {@return the words in the order of the source that may name something declared elsewhere} */
    static Set<String> mentions(List<Token> tokens, boolean isFunction) {
        Set<String> mentions = new LinkedHashSet<>();
        boolean mayHaveMembers = !isFunction && tokens.stream().noneMatch(token -> token.is("="));
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (!token.isWord() || isMember(tokens, i, mayHaveMembers)) {
                continue;
            }
            mentions.add(token.text());
            if (token.text().startsWith(BUILTIN)) {
                mentions.add(token.text().substring(BUILTIN.length()));
            }
            if (IN_ASSEMBLY.contains(token.text())) {
                addWordsInTexts(tokens, i, mentions);
            }
        }
        mentions.addAll(ALWAYS_MENTIONED);
        return mentions;
    }

    /**
     * {@return whether a word is a member's name, which goes with its type: it stands behind a dot or an arrow, or in the
     * body of a structure between the member's type and a semicolon}
     */
    private static boolean isMember(List<Token> tokens, int at, boolean mayHaveMembers) {
        if (at == 0 || at == tokens.size() - 1) {
            return false;
        }
        Token before = tokens.get(at - 1);
        boolean behindType = before.is("*")
                || before.isWord() && !TAGGED.contains(before.text()) && !QUALIFIERS.contains(before.text());
        return before.is(".")
                || before.is("->")
                || mayHaveMembers && behindType && tokens.get(at + 1).is(";");
    }

    private static void addWordsInTexts(List<Token> tokens, int start, Set<String> mentions) {
        int group = start;
        while (group < tokens.size() && tokens.get(group).isWord()) {
            group++;
        }
        for (Token token : tokens.subList(group, group < tokens.size() ? groupEnd(tokens, group) : group)) {
            if (token.kind() == Token.Kind.TEXT) {
                Matcher words = WORD.matcher(token.text());
                while (words.find()) {
                    mentions.add(words.group());
                }
            }
        }
    }
}
