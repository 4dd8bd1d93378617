package dev.suture.source;

import dev.suture.source.FindNames.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Whether a declaration gives a place to something that may be written.
 *
 * <p>A prototype is a name with its parameters behind it and nothing more: {@code static int (*f)(int);} is a variable. What
 * is constant is said behind the last star, or, where there is none, outside of all brackets: {@code static struct { const
 * int id; int limit; } cfg;} is a variable, too. Whatever is not understood is taken for one.
 *
 * @see "C11, 6.7.3 and 6.7.6"
 */
enum Storage {
    /** It declares no place: a type, a prototype, what is defined elsewhere. */
    NONE,
    /** Its places are never written. */
    CONSTANT,
    /** Other sources can see a variable of it, and the compiler cannot know all who write to it. */
    FOR_ALL,
    /** Only this source can see a variable of it. */
    OWN;

    private static final Set<String> QUALIFIERS = Set.of("const", "__const", "restrict", "__restrict", "__restrict__");

    static Storage of(Declaration declaration) {
        return switch (declaration.kind()) {
            case UNKNOWN -> OWN;
            case FUNCTION -> ofFunction(declaration.tokens());
            case OTHER -> ofOther(FindNames.items(declaration.tokens()));
        };
    }

    /** A function stands for the variables that live in it. */
    private static Storage ofFunction(List<Token> tokens) {
        int body = 0;
        while (body < tokens.size() && !tokens.get(body).is("{")) {
            body++;
        }
        return tokens.subList(body, tokens.size()).stream().anyMatch(token -> token.is("static")) ? OWN : NONE;
    }

    private static Storage ofOther(List<Item> items) {
        if (has(items, "typedef")) {
            return NONE;
        }
        boolean isStatic = has(items, "static");
        boolean isExtern = has(items, "extern");
        boolean constantType = has(items, "const") || has(items, "__const");
        boolean mayChange = has(items, "volatile") || has(items, "__volatile__");
        Storage most = NONE;
        boolean first = true;
        for (List<Item> declarator : declarators(items)) {
            boolean defined = declarator.stream().anyMatch(item -> item.is("="));
            List<Item> named = beforeInitializer(declarator);
            if (!isOnlyType(named, first) && !isPrototype(named) && (defined || !isExtern)) {
                Storage variable = isStatic ? OWN : FOR_ALL;
                boolean constant = isConstant(named, constantType) && !mayChange;
                Storage storage = constant ? CONSTANT : variable;
                most = storage.compareTo(most) > 0 ? storage : most;
            }
            first = false;
        }
        return most;
    }

    private static boolean has(List<Item> items, String word) {
        return items.stream().anyMatch(item -> item.is(word));
    }

    private static List<List<Item>> declarators(List<Item> items) {
        List<List<Item>> declarators = new ArrayList<>();
        List<Item> current = new ArrayList<>();
        for (Item item : items) {
            if (item.is(",") || item.is(";")) {
                declarators.add(List.copyOf(current));
                current.clear();
            } else {
                current.add(item);
            }
        }
        if (!current.isEmpty()) {
            declarators.add(current);
        }
        return declarators;
    }

    private static List<Item> beforeInitializer(List<Item> declarator) {
        return declarator.stream().takeWhile(item -> !item.is("=")).toList();
    }

    /** {@return whether that is a type alone, such as {@code struct s { ... }}} */
    private static boolean isOnlyType(List<Item> items, boolean first) {
        return first && !items.isEmpty() && items.getLast().isGroup("{");
    }

    /** {@return whether a name and its parameters end it, with nothing else in parentheses} */
    private static boolean isPrototype(List<Item> items) {
        int last = items.size() - 1;
        return last > 0
                && items.get(last).isGroup("(")
                && items.get(last - 1).isName()
                && items.stream().filter(item -> item.isGroup("(")).count() == 1;
    }

    /**
     * {@return whether what is declared, and not only what it points to, is constant}
     *
     * @param constantType whether the type that stands before all declarators is constant
     */
    private static boolean isConstant(List<Item> declarator, boolean constantType) {
        List<Token> tokens = declarator.stream()
                .filter(item -> !item.isGroup("{") && !item.isGroup("["))
                .flatMap(item -> item.tokens().stream())
                .toList();
        List<Token> parameters =
                declarator.getLast().isGroup("(") ? declarator.getLast().tokens() : List.of();
        int end = tokens.size() - parameters.size();
        int star = -1;
        for (int i = 0; i < end; i++) {
            star = tokens.get(i).is("*") ? i : star;
        }
        if (star < 0) {
            return constantType && parameters.isEmpty();
        }
        return tokens.subList(star + 1, end).stream()
                .takeWhile(token -> token.isWord() && QUALIFIERS.contains(token.text()))
                .anyMatch(token -> token.is("const") || token.is("__const"));
    }
}
