package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What manuals say can be done is done as they say it. */
class ManualsTest {
    private static final Path SCRIPTS = Path.of("..", "scripts");

    private static List<CommandLine> leaves(CommandLine command) {
        List<CommandLine> leaves = new ArrayList<>();
        for (CommandLine below : command.getSubcommands().values()) {
            leaves.addAll(below.getSubcommands().isEmpty() ? List.of(below) : leaves(below));
        }
        return leaves;
    }

    @Test
    void theExamplesOfEveryCommandCanBePasted() throws Exception {
        int count = 0;
        for (CommandLine command : leaves(Suture.commandLine())) {
            if (command.getCommandName().equals("help")) {
                continue;
            }
            String manual = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
            assertThat(manual).as(command.getCommandName()).contains("\nExamples:\n");
            String examples = manual.substring(manual.indexOf("\nExamples:\n") + "\nExamples:\n".length());
            for (List<String> words : pasted(examples)) {
                assertThat(words.getFirst()).as(examples).isEqualTo("suture");
                List<String> arguments = words.subList(1, words.size());
                CommandLine suture = Suture.commandLine();
                suture.parseArgs(arguments.toArray(String[]::new));
                count++;
            }
        }
        assertThat(count).isGreaterThan(30);
    }

    // A shell takes them apart, as it would if they were pasted into it.
    private static List<List<String>> pasted(String examples) throws Exception {
        String script = "suture() { printf '%s\\0' suture \"$@\"; printf '\\n\\0'; }\n" + examples;
        Process shell = new ProcessBuilder("bash", "-e", "-c", script).start();
        String said = new String(shell.getInputStream().readAllBytes());
        assertThat(new String(shell.getErrorStream().readAllBytes())).isEmpty();
        assertThat(shell.waitFor()).as(examples).isZero();
        List<List<String>> commands = new ArrayList<>();
        for (String command : said.split("\n\0")) {
            commands.add(List.of(command.split("\0")));
        }
        return commands;
    }

    @Test
    void theReadmeOfTheArchiveIsAboutTheArchive() throws Exception {
        String readme = Files.readString(SCRIPTS.resolve("archive-readme.md"));
        String dist = Files.readString(SCRIPTS.resolve("dist"));
        assertThat(dist).contains("cp scripts/archive-readme.md \"target/$name/README.md\"");
        assertThat(readme).doesNotContain("make ").doesNotContain("scripts/").doesNotContain("mvn");
        Matcher links = Pattern.compile("]\\(([^)]+)\\)").matcher(readme);
        while (links.find()) {
            assertThat(dist).contains("cp " + links.group(1) + " \"target/$name/\"");
        }
        Matcher commands = Pattern.compile("`([a-z]+(?: [a-z]+)?)`").matcher(readme);
        while (commands.find()) {
            String words = commands.group(1);
            if (!words.equals("java")) {
                CommandLine suture = Suture.commandLine();
                for (String word : words.split(" ")) {
                    assertThat(suture.getSubcommands()).as(words).containsKey(word);
                    suture = suture.getSubcommands().get(word);
                }
            }
        }
    }

    @Test
    void noMessageNamesAClassOfJava() throws Exception {
        List<String> files = List.of("/dev/zero", "/nowhere/at-all", "/", "/proc/self/mem", "/dev/null/x");
        for (String file : files) {
            for (String command : List.of(
                    "inspect F",
                    "load F --name x --on pid:1",
                    "follow pid:1 --payload F --journal /tmp/unused/journal",
                    "follow name:none --payload F --journal F",
                    "diff F F",
                    "explain F F --html F",
                    "build process --source F --build true --binary F --patch F --output F",
                    "build process --source F --build true --binary F --series F --output F",
                    "build xen --tree F --patch F --output F",
                    "build xen --tree F --series F --stack --output F",
                    "advise --tree F --patch F",
                    "certify F --tree F --patch F --output F",
                    "rehearse xen F --xen F",
                    "rehearse xen F --tree F",
                    "new hook load --for process --variable x --output F")) {
                Said said = Said.suture((Object[]) command.replace("F", file).split(" "));
                assertThat(said.exitCode())
                        .as(command + " " + file + said.err())
                        .isIn(ExitCode.BAD_INPUT, ExitCode.USAGE, ExitCode.REFUSED);
                assertThat(said.err() + said.out())
                        .as(command)
                        .isNotBlank()
                        .doesNotContainPattern(
                                "\\b(java|dev|sun|jdk)\\.[a-z.]+[A-Z]\\w*|\\b[A-Z]\\w+(Exception|Error)\\b");
            }
        }
    }
}
