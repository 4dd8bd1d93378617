package dev.suture.build;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Finds the lines of a C source before which a preprocessor directive may stand.
 *
 * <p>Not inside a comment, not after a line that ends in a backslash (a string or a macro definition goes on), and not
 * between parentheses: a directive among the arguments of a macro is undefined (C11 6.10.3 paragraph 11). Nor before
 * a line that begins with an opening parenthesis, which may be those of a macro named on the line before.
 *
 * <p>Both branches of an {@code #if} may open the same parenthesis, so each branch starts from the depth before the
 * {@code #if}, and after {@code #endif} the depth of the first branch goes on.
 */
final class ScanC {
    /**
     * What is known of the place before a line.
     *
     * @param directiveMayStandBefore a directive may be put there
     * @param afterChangedGroup a branch of a conditional group with a change in it has ended, and no directive has been
     *     possible since
     */
    record Place(boolean directiveMayStandBefore, boolean afterChangedGroup) {}

    private static final class Group {
        final int depthBefore;
        int depthAfterFirstBranch = -1;
        boolean changed;

        Group(int depthBefore) {
            this.depthBefore = depthBefore;
        }
    }

    private final boolean[] changedLines;
    private final List<Place> places = new ArrayList<>();
    private final Deque<Group> groups = new ArrayDeque<>();
    private boolean inComment;
    private boolean continued;
    private boolean inDirective;
    private char quote;
    private int depth;
    private boolean afterChangedGroup;
    private boolean directivePending;

    private ScanC(boolean[] changedLines) {
        this.changedLines = changedLines;
    }

    /**
     * {@return the place before each of {@code lines}}
     *
     * @param changedLines for each line, whether the patch changed it or removed something just before it
     */
    static List<Place> scan(List<String> lines, boolean[] changedLines) {
        ScanC scan = new ScanC(changedLines);
        for (int index = 0; index < lines.size(); index++) {
            scan.line(index, lines.get(index));
        }
        return scan.places;
    }

    private void line(int index, String line) {
        directivePending |= changedLines[index];
        if (directivePending) {
            groups.forEach(group -> group.changed = true);
        }
        boolean may =
                !inComment && !continued && depth == 0 && !line.stripLeading().startsWith("(");
        directivePending &= !may || changedLines[index];
        places.add(new Place(may, may && afterChangedGroup));
        afterChangedGroup &= !may;
        boolean startsDirective =
                !inComment && !continued && line.stripLeading().startsWith("#");
        if (startsDirective) {
            inDirective = true;
            conditional(line.stripLeading().substring(1).stripLeading());
        }
        int depthBefore = depth;
        characters(line);
        continued = line.endsWith("\\") || line.endsWith("\\\r");
        if (!continued) {
            // gcc ends an unfinished string at the end of its line as well.
            quote = 0;
        }
        if (inDirective) {
            // Parentheses in a directive are its own affair.
            depth = depthBefore;
            inDirective = continued || inComment;
        }
    }

    private void conditional(String directive) {
        if (directive.startsWith("if")) {
            groups.push(new Group(depth));
        } else if (directive.startsWith("el") && !groups.isEmpty()) {
            Group group = groups.peek();
            endBranch(group);
            depth = group.depthBefore;
        } else if (directive.startsWith("endif") && !groups.isEmpty()) {
            Group group = groups.pop();
            endBranch(group);
            depth = group.depthAfterFirstBranch;
        }
    }

    private void endBranch(Group group) {
        if (group.depthAfterFirstBranch < 0) {
            group.depthAfterFirstBranch = depth;
        }
        afterChangedGroup |= group.changed;
    }

    private void characters(String line) {
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            char following = i + 1 < line.length() ? line.charAt(i + 1) : 0;
            if (inComment) {
                if (c == '*' && following == '/') {
                    inComment = false;
                    i++;
                }
            } else if (quote != 0) {
                if (c == '\\') {
                    i++;
                } else if (c == quote) {
                    quote = 0;
                }
            } else if (c == '/' && following == '*') {
                inComment = true;
                i++;
            } else if (c == '/' && following == '/') {
                return;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '(') {
                depth++;
            } else if (c == ')' && depth > 0) {
                depth--;
            }
        }
    }
}
