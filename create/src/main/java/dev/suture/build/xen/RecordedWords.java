package dev.suture.build.xen;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Takes the command that compiled an object, as make recorded it for the shell, apart into its words.
 *
 * @see "Xen xen/scripts/Kbuild.include, make-cmd and escsq; POSIX.1-2017, Shell Command Language, 2.2 Quoting"
 */
final class RecordedWords {
    private static final Set<String> OUTPUT_WITH_ARGUMENT = Set.of("-o", "-MF", "-MQ", "-MT");
    private static final Set<String> OUTPUT_ALONE = Set.of("-c", "-MD", "-MMD", "-MP");

    private RecordedWords() {}

    /** {@return the compiler and its options, without what says what to compile and where to put it} */
    static List<String> compilerAndOptions(String command, String source) {
        List<String> kept = new ArrayList<>();
        List<String> words = firstCommand(command);
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (OUTPUT_WITH_ARGUMENT.contains(word)) {
                i++;
            } else if (!OUTPUT_ALONE.contains(word)
                    && !word.startsWith("-Wp,-M")
                    && !word.equals(source)
                    && !word.equals("./" + source)) {
                kept.add(word);
            }
        }
        return kept;
    }

    /** {@return the words up to the first end of a command} */
    private static List<String> firstCommand(String recorded) {
        // What make would take for its own is written otherwise in its files.
        String command = recorded.replace("$$", "$").replace("$(pound)", "#");
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < command.length(); i++) {
            char c = command.charAt(i);
            if (quote != 0 && c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
                inWord = true;
            } else if (c == '\\' && quote != '\'' && i + 1 < command.length()) {
                i++;
                word.append(command.charAt(i));
                inWord = true;
            } else if (quote == 0 && (Character.isWhitespace(c) || ";&|".indexOf(c) >= 0)) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
                if (!Character.isWhitespace(c)) {
                    return words;
                }
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }
}
