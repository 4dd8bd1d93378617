package dev.suture.build;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one patch file line by line.
 *
 * <p>A file's part begins with {@code diff --git} or, without git, with {@code ---} followed by {@code +++} and
 * {@code @@}. The counts in the {@code @@} line alone say where a hunk ends: a removed line may well read
 * {@code --- a/file}.
 */
final class ReadPatch {
    private static final Pattern HUNK = Pattern.compile("@@ -(\\d+)(?:,(\\d+))? \\+(\\d+)(?:,(\\d+))? @@.*");
    private static final Pattern GIT = Pattern.compile("diff --git (.+) (.+)");
    private static final Pattern MAIL_TAGS = Pattern.compile("^(\\[[^\\]]*\\]\\s*)+");
    private static final String NOWHERE = "/dev/null";
    private static final int LONGEST_NUMBER = 9;

    private final Path file;
    private final List<String> lines;
    private final List<FilePatch> files = new ArrayList<>();
    private int next;

    ReadPatch(Path file, SourceText text) {
        this.file = file;
        boolean carriageReturns = text.lines().stream().allMatch(line -> line.endsWith("\r"));
        this.lines = carriageReturns
                ? text.lines().stream()
                        .map(line -> line.substring(0, line.length() - 1))
                        .toList()
                : text.lines();
    }

    SourcePatch read() {
        int firstDiff = -1;
        while (next < lines.size()) {
            int start = next;
            if (line().startsWith("diff --git ")) {
                readGitFile();
            } else if (isPlainHeader()) {
                readNames("", "", FilePatch.Kind.CHANGE);
            } else {
                next++;
                continue;
            }
            firstDiff = firstDiff < 0 ? start : firstDiff;
        }
        if (files.isEmpty()) {
            throw new PatchFormatException(
                    file, 1, "no diff found in it. A patch made by git format-patch, git diff or diff -u is expected.");
        }
        return new SourcePatch(file, subject(firstDiff), files);
    }

    private String line() {
        return lines.get(next);
    }

    private boolean isPlainHeader() {
        return next + 2 < lines.size()
                && line().startsWith("--- ")
                && lines.get(next + 1).startsWith("+++ ")
                && lines.get(next + 2).startsWith("@@ ");
    }

    private void readGitFile() {
        Matcher names = GIT.matcher(line());
        if (!names.matches()) {
            throw new PatchFormatException(file, next + 1, "cannot read the file names in \"" + line() + "\"");
        }
        String original = unquote(names.group(1));
        String patched = unquote(names.group(2));
        FilePatch.Kind kind = FilePatch.Kind.CHANGE;
        for (next++; next < lines.size() && !line().startsWith("diff --git ") && !line().startsWith("@@ "); next++) {
            String header = line();
            if (header.startsWith("--- ")) {
                readNames(original, patched, kind);
                return;
            } else if (header.startsWith("new file mode")) {
                kind = FilePatch.Kind.CREATE;
            } else if (header.startsWith("deleted file mode")) {
                kind = FilePatch.Kind.DELETE;
            } else if (header.startsWith("rename from ")) {
                kind = FilePatch.Kind.RENAME;
                original = "a/" + unquote(header.substring("rename from ".length()));
            } else if (header.startsWith("rename to ")) {
                patched = "b/" + unquote(header.substring("rename to ".length()));
            } else if (header.startsWith("copy from ")) {
                kind = FilePatch.Kind.COPY;
                original = "a/" + unquote(header.substring("copy from ".length()));
            } else if (header.startsWith("copy to ")) {
                patched = "b/" + unquote(header.substring("copy to ".length()));
            } else if (header.startsWith("Binary files ") || header.startsWith("GIT binary patch")) {
                throw new PatchFormatException(
                        file, next + 1, "changes the binary file " + patched + ", which is not supported");
            } else if (!header.matches("(old mode|new mode|index|similarity index|dissimilarity index) .*")) {
                break;
            }
        }
        files.add(new FilePatch(kind, original, patched, List.of()));
    }

    /** Reads {@code ---}, {@code +++} and the hunks. */
    private void readNames(String gitOriginal, String gitPatched, FilePatch.Kind gitKind) {
        String original = name(line());
        next++;
        if (next >= lines.size() || !line().startsWith("+++ ")) {
            throw new PatchFormatException(file, next + 1, "a \"+++ \" line is expected after the \"--- \" line");
        }
        String patched = name(line());
        next++;
        FilePatch.Kind kind = gitKind;
        if (original.equals(NOWHERE)) {
            kind = FilePatch.Kind.CREATE;
            original = gitOriginal.isEmpty() ? patched : gitOriginal;
        } else if (patched.equals(NOWHERE)) {
            kind = FilePatch.Kind.DELETE;
            patched = gitPatched.isEmpty() ? original : gitPatched;
        }
        List<Hunk> hunks = new ArrayList<>();
        while (next < lines.size() && line().startsWith("@@ ")) {
            hunks.add(readHunk(hunks.size() + 1));
        }
        if (kind == FilePatch.Kind.CHANGE && gitOriginal.isEmpty() && createsWithoutSaying(hunks)) {
            kind = FilePatch.Kind.CREATE;
        }
        files.add(new FilePatch(kind, original, patched, hunks));
    }

    /** diff -uN names the missing file and gives it the range {@code -0,0}. */
    private static boolean createsWithoutSaying(List<Hunk> hunks) {
        return hunks.size() == 1
                && hunks.getFirst().originalStart() == 0
                && hunks.getFirst().original().isEmpty();
    }

    private Hunk readHunk(int number) {
        int headerLine = next + 1;
        Matcher header = HUNK.matcher(line());
        if (!header.matches()) {
            throw new PatchFormatException(file, headerLine, "cannot read the hunk header \"" + line() + "\"");
        }
        next++;
        int originalCount = header.group(2) == null ? 1 : number(header.group(2), headerLine);
        int patchedCount = header.group(4) == null ? 1 : number(header.group(4), headerLine);
        List<String> original = new ArrayList<>();
        List<String> patched = new ArrayList<>();
        int leadingContext = 0;
        int trailingContext = 0;
        boolean onlyContextSoFar = true;
        boolean originalEndsFile = false;
        boolean patchedEndsFile = false;
        char last = ' ';
        while (original.size() < originalCount || patched.size() < patchedCount) {
            if (next >= lines.size()) {
                throw truncated(headerLine, original.size(), originalCount, patched.size(), patchedCount);
            }
            String content = line();
            // Mail programs strip the single space of an empty context line.
            char sign = content.isEmpty() ? ' ' : content.charAt(0);
            String text = content.isEmpty() ? "" : content.substring(1);
            switch (sign) {
                case ' ' -> {
                    original.add(text);
                    patched.add(text);
                    leadingContext += onlyContextSoFar ? 1 : 0;
                    trailingContext++;
                }
                case '-' -> original.add(text);
                case '+' -> patched.add(text);
                case '\\' -> {
                    originalEndsFile |= last != '+';
                    patchedEndsFile |= last != '-';
                }
                default -> throw truncated(headerLine, original.size(), originalCount, patched.size(), patchedCount);
            }
            if (sign == '-' || sign == '+') {
                onlyContextSoFar = false;
                trailingContext = 0;
            }
            last = sign;
            next++;
        }
        if (original.size() != originalCount || patched.size() != patchedCount) {
            throw truncated(headerLine, original.size(), originalCount, patched.size(), patchedCount);
        }
        if (next < lines.size() && line().startsWith("\\")) {
            originalEndsFile |= last != '+';
            patchedEndsFile |= last != '-';
            next++;
        }
        int originalStart = number(header.group(1), headerLine);
        return new Hunk(
                number,
                originalStart,
                original,
                patched,
                leadingContext,
                trailingContext,
                originalEndsFile,
                patchedEndsFile);
    }

    private int number(String digits, int headerLine) {
        if (digits.length() > LONGEST_NUMBER) {
            throw new PatchFormatException(file, headerLine, "no file has a line " + digits);
        }
        return Integer.parseInt(digits);
    }

    private PatchFormatException truncated(int headerLine, int original, int originalOf, int patched, int patchedOf) {
        return new PatchFormatException(
                file,
                next + 1,
                ("damaged hunk: its header in line %d announces %d original and %d patched lines, %d and %d are there."
                                + " Was the patch wrapped or cut by a mail program? Take it from git again.")
                        .formatted(headerLine, originalOf, patchedOf, original, patched));
    }

    private String name(String header) {
        String name = header.substring(4);
        int tab = name.indexOf('\t');
        return unquote(tab < 0 ? name.strip() : name.substring(0, tab));
    }

    private String unquote(String name) {
        if (name.isEmpty() || name.chars().anyMatch(c -> c < ' ')) {
            throw new PatchFormatException(file, next + 1, "no file has the name \"" + name + "\"");
        }
        if (!name.startsWith("\"")) {
            return name;
        }
        if (name.contains("\\")) {
            throw new PatchFormatException(
                    file, next + 1, "file names with special characters are not supported: " + name);
        }
        return name.substring(1, name.length() - 1);
    }

    private String subject(int firstDiff) {
        boolean mail = false;
        for (int i = 0; i < firstDiff; i++) {
            String line = lines.get(i);
            if (line.startsWith("Subject:")) {
                StringBuilder subject =
                        new StringBuilder(line.substring("Subject:".length()).strip());
                for (int j = i + 1; j < firstDiff && lines.get(j).startsWith(" "); j++) {
                    subject.append(' ').append(lines.get(j).strip());
                }
                return MAIL_TAGS.matcher(subject).replaceFirst("").strip();
            }
        }
        for (int i = 0; i < firstDiff; i++) {
            String line = lines.get(i).strip();
            mail |= line.startsWith("commit ") || line.startsWith("From ");
            boolean header = mail && line.matches("(commit|From|Author|AuthorDate|Commit|CommitDate|Date|Merge):? .*");
            if (!line.isEmpty() && !header && !line.startsWith("Index: ")) {
                return line;
            }
        }
        return file.getFileName().toString().replaceFirst("\\.(patch|diff)$", "");
    }
}
