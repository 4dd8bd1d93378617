package dev.suture.linked;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which functions of a preprocessed C source may do something else when other functions are inlined: they ask the compiler
 * what it knows by then, or use a function that does.
 *
 * <p>For example {@code h(x)} that returns {@code __builtin_constant_p(x)} is 1 where {@code h(3)} is inlined, and 0 where it
 * is called. Told not to inline, the compiler makes the same of both.
 *
 * <p>Of the compiler's builtins only those count as harmless that are known to be. A source is cut at its outermost level;
 * what is not recognized there as a function's definition makes that all functions may.
 */
final class SeesInlining {
    /** They mean the same wherever they stand. */
    private static final Pattern HARMLESS =
            Pattern.compile("__builtin_(ia32_\\w+|va_(start|end|copy|arg|list)|__\\w+_chk"
                    + "|(mem|str|stp)[a-z]+|v?s?n?printf|(f|v|vf)?printf|puts|fputs|putchar|abs|labs|fabs[fl]?|expect"
                    + "|expect_with_probability|offsetof|types_compatible_p|choose_expr|unreachable|trap|prefetch|alloca"
                    + "|alloca_with_align|(clz|ctz|clrsb|popcount|parity|ffs)(l|ll|g)?|bswap(16|32|64|128)"
                    + "|([su](add|sub|mul)(l|ll)?|add|sub|mul)_overflow(_p)?|(inf|huge_val|nan)[sfl]*"
                    + "|is(nan|inf|finite|greater|less|unordered|inf_sign|normal)\\w*|malloc|calloc|realloc|free|abort|exit"
                    + "|assume_aligned|shuffle|shufflevector|convertvector|signbit[fl]?|copysign[fl]?|has_attribute|tgmath"
                    + "|classify_type|FILE|LINE|FUNCTION|thread_pointer|frob_return_addr|speculation_safe_value)");

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
            "const",
            "volatile",
            "restrict",
            "__restrict",
            "__restrict__",
            "__const",
            "__volatile__",
            "static",
            "extern",
            "inline",
            "__inline",
            "__inline__",
            "struct",
            "union",
            "enum",
            "typedef",
            "register",
            "auto",
            "sizeof",
            "__extension__");

    /** Behind these stands what declares nothing. */
    private static final Set<String> WITH_WORDS = Set.of(
            "__attribute__",
            "__attribute",
            "__asm__",
            "__asm",
            "asm",
            "__typeof__",
            "__typeof",
            "typeof",
            "_Alignas",
            "__alignof__",
            "_Static_assert",
            "__declspec");

    private static final Set<String> OPENING = Set.of("(", "{", "[");
    private static final Set<String> CLOSING = Set.of(")", "}", "]");

    private final List<Chunk> chunks = new ArrayList<>();
    private final Set<String> defined = new HashSet<>();
    private final Set<String> affected = new HashSet<>();
    private boolean asks;
    private boolean unclear;

    /** What stands between two ends of the outermost level. */
    private record Chunk(Set<String> names, Set<String> uses, boolean isFunction, boolean isVariable) {}

    private SeesInlining() {}

    /** {@return what is known of a source behind the preprocessor} */
    static SeesInlining in(Path source) {
        try {
            return in(Files.readString(source, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(source, Cause.of(e)), e);
        }
    }

    static SeesInlining in(String text) {
        SeesInlining work = new SeesInlining();
        work.cut(tokens(text));
        work.spread();
        return work;
    }

    /** {@return whether a function may do something else by what is inlined, unless it is known that it does not} */
    boolean affects(String function) {
        return asks && (unclear || !defined.contains(function) || affected.contains(function));
    }

    private static List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        boolean lineStarts = true;
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#' && lineStarts) {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (Character.isWhitespace(c)) {
                lineStarts |= c == '\n';
                at++;
            } else {
                lineStarts = false;
                int end = end(text, at);
                tokens.add(text.substring(at, end));
                at = end;
            }
        }
        return tokens;
    }

    private static int end(String text, int from) {
        char c = text.charAt(from);
        int at = from + 1;
        if (c == '"' || c == '\'') {
            while (at < text.length() && text.charAt(at) != c) {
                at += text.charAt(at) == '\\' ? 2 : 1;
            }
            return Math.min(at + 1, text.length());
        }
        while (Character.isJavaIdentifierPart(c)
                && at < text.length()
                && Character.isJavaIdentifierPart(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private void cut(List<String> tokens) {
        int from = 0;
        int depth = 0;
        boolean assigned = false;
        int body = -1;
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            if (depth == 0 && token.equals("=")) {
                assigned = true;
            } else if (depth == 0
                    && token.equals("{")
                    && body < 0
                    && !assigned
                    && i > 0
                    && tokens.get(i - 1).equals(")")) {
                body = i;
            }
            depth += OPENING.contains(token) ? 1 : CLOSING.contains(token) ? -1 : 0;
            boolean ends = depth == 0 && (token.equals(";") || token.equals("}") && body >= 0);
            if (ends || i + 1 == tokens.size()) {
                add(tokens.subList(from, i + 1), body < 0 ? -1 : body - from, assigned);
                from = i + 1;
                assigned = false;
                body = -1;
            }
        }
        unclear |= depth != 0;
    }

    private void add(List<String> tokens, int body, boolean assigned) {
        Set<String> uses = new HashSet<>();
        for (String token : tokens) {
            if (Character.isJavaIdentifierStart(token.charAt(0))) {
                uses.add(token);
                asks |= isQuestion(token);
            }
        }
        Set<String> names = body >= 0 ? names(tokens.subList(0, body), "(") : Set.of();
        if (assigned) {
            names = names(tokens, "=", "[", ")", ",", ";");
        }
        if (body >= 0) {
            defined.addAll(names);
        }
        chunks.add(new Chunk(names, uses, body >= 0, assigned));
    }

    private static boolean isQuestion(String token) {
        return token.startsWith("__builtin_") && !HARMLESS.matcher(token).matches();
    }

    /** {@return the identifiers with one of these behind them, which what is declared is among} */
    private static Set<String> names(List<String> tokens, String... followers) {
        Set<String> names = new HashSet<>();
        int braces = 0;
        for (int i = 0; i + 1 < tokens.size(); i++) {
            String token = tokens.get(i);
            braces += token.equals("{") ? 1 : token.equals("}") ? -1 : 0;
            if (WITH_WORDS.contains(token) && tokens.get(i + 1).equals("(")) {
                i = closing(tokens, i + 1);
            } else if (braces == 0
                    && Character.isJavaIdentifierStart(token.charAt(0))
                    && !KEYWORDS.contains(token)
                    && isFollowed(tokens, i + 1, List.of(followers))) {
                names.add(token);
            }
        }
        return names;
    }

    /** As in {@code int (f)(void)}, parentheses may stand around what is declared. */
    private static boolean isFollowed(List<String> tokens, int at, List<String> followers) {
        String next = tokens.get(at);
        boolean inside =
                next.equals(")") && at + 1 < tokens.size() && tokens.get(at + 1).equals("(");
        return inside || followers.contains(next) || WITH_WORDS.contains(next);
    }

    private static int closing(List<String> tokens, int open) {
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            depth += tokens.get(i).equals("(") ? 1 : tokens.get(i).equals(")") ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return tokens.size();
    }

    /** Who uses what may do something else may do so itself. */
    private void spread() {
        boolean more = asks;
        while (more) {
            more = false;
            for (Chunk chunk : chunks) {
                boolean counts = chunk.isFunction()
                        || chunk.isVariable()
                        || chunk.uses().stream().anyMatch(SeesInlining::isQuestion);
                boolean may =
                        counts && chunk.uses().stream().anyMatch(used -> isQuestion(used) || affected.contains(used));
                if (may) {
                    unclear |= chunk.names().isEmpty();
                    more |= affected.addAll(chunk.names());
                }
            }
        }
    }
}
