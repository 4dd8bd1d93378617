package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QuickListTest {
    private static Optional<QuickList.Question> question(String... words) {
        return QuickList.question(words);
    }

    @Test
    void onlyThePlainestFormIsReadWithoutTheLibrary() {
        assertThat(question("list", "--on", "pid:1")).contains(new QuickList.Question(List.of("pid:1"), false));
        assertThat(question("list", "--json", "--on", "name:a-b.c", "--on", "exe:/usr/bin/c++"))
                .contains(new QuickList.Question(List.of("name:a-b.c", "exe:/usr/bin/c++"), true));
        for (String words : List.of(
                "list",
                "list --json",
                "list --on",
                "list --on=pid:1",
                "list --on pid:1 pid:2",
                "list --on pid:1 --json --json",
                "list --on pid:1 --js",
                "list --on pid:1 --help",
                "list --on pid:1 -h",
                "list --on pid:1 --debug",
                "list --on pid:1 --",
                "list --on @pid",
                "list --on pid:@1",
                "list --on name:${env:HOME}",
                "list --on name:\"a\"",
                "list --on name:-x",
                "list --on --json",
                "status --on pid:1",
                "--on pid:1 list")) {
            assertThat(question(words.split(" "))).as(words).isEmpty();
        }
        assertThat(question("list", "--on", "")).isEmpty();
        assertThat(question("list", "--on", "name:a b")).isEmpty();
        assertThat(question("list", "--on", "name:a\nb")).isEmpty();
    }

    @Test
    void itSaysWhatTheLongWaySays() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "60").start();
        try {
            while (!Said.words("list", "--on", "pid:" + sleep.pid()).contains("sleep")) {
                Thread.sleep(5);
            }
            for (List<String> words : List.of(
                    List.of("list", "--on", "pid:" + sleep.pid()),
                    List.of("list", "--on", "pid:" + sleep.pid(), "--json"),
                    List.of("list", "--json", "--on", "pid:" + sleep.pid(), "--on", "pid:" + sleep.pid()),
                    List.of("list", "--on", "pid:2", "--on", "pid:" + sleep.pid()))) {
                saysTheSame(words.toArray(String[]::new), true);
            }
        } finally {
            sleep.destroyForcibly().waitFor();
        }
        saysTheSame(new String[] {"list", "--on", "name:nobody-is-this"}, false);
        saysTheSame(new String[] {"list", "--on", "pid:0"}, false);
        saysTheSame(new String[] {"list", "--on", "tid:1", "--json"}, false);
    }

    private static void saysTheSame(String[] words, boolean isAnswered) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Optional<ExitCode> quick = QuickList.run(words, new PrintWriter(out), new PrintWriter(err));
        assertThat(quick.isPresent()).isEqualTo(isAnswered);
        if (isAnswered) {
            assertThat(new Said(quick.get(), out.toString(), err.toString())).isEqualTo(Said.suture((Object[]) words));
        } else {
            assertThat(out.toString() + err).isEmpty();
        }
    }
}
