import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Reads the surefire reports in the folders given, and prints the failed tests, a table of the skipped tests with their
 * reasons, and as its last line {@code N passed, N failed, N skipped}. Exits with 1 if a test failed or none ran.
 *
 * <p>{@code NAME=SECONDS} begins a group, to which the folders behind it belong; then each group is a row of a table.
 */
final class TestReport {
    private static final int REASON_WIDTH = 160;

    /** What a group of tests came to. */
    private record Row(String name, int passed, int failed, int skipped, String seconds) {}

    private final List<Row> groups = new ArrayList<>();
    private final List<String> failed = new ArrayList<>();
    private final Map<String, List<String>> skippedByReason = new TreeMap<>();
    private int passedCount;
    private int skippedCount;

    void main(String[] folders) throws Exception {
        for (String folder : folders) {
            if (folder.matches("[a-z]+=[0-9]+")) {
                beginGroup(folder.split("="));
            } else if (Files.isDirectory(Path.of(folder))) {
                readFolder(Path.of(folder));
            }
        }
        print();
        System.exit(failed.isEmpty() && passedCount > 0 ? 0 : 1);
    }

    // A row holds what there was before the group, until the next one begins.
    private void beginGroup(String[] nameAndSeconds) {
        endGroup();
        groups.add(new Row(nameAndSeconds[0], passedCount, failed.size(), skippedCount, nameAndSeconds[1]));
    }

    private void endGroup() {
        if (!groups.isEmpty()) {
            Row last = groups.removeLast();
            groups.add(new Row(
                    last.name,
                    passedCount - last.passed,
                    failed.size() - last.failed,
                    skippedCount - last.skipped,
                    last.seconds));
        }
    }

    private void readFolder(Path folder) throws Exception {
        try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder, "TEST-*.xml")) {
            for (Path report : reports) {
                readReport(report);
            }
        }
    }

    private void readReport(Path report) throws Exception {
        NodeList cases;
        try {
            DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
            // Errors are thrown anyway; without this they are printed as well.
            parser.setErrorHandler(null);
            cases = parser.parse(report.toFile()).getElementsByTagName("testcase");
        } catch (SAXException | IOException e) {
            // A test JVM that dies leaves half a report.
            failed.add(report + " cannot be read: " + e.getMessage());
            return;
        }
        for (int i = 0; i < cases.getLength(); i++) {
            Element testCase = (Element) cases.item(i);
            String simpleClassName = testCase.getAttribute("classname").replaceFirst(".*\\.", "");
            String test = simpleClassName + "." + testCase.getAttribute("name");
            NodeList skipped = testCase.getElementsByTagName("skipped");
            if (skipped.getLength() > 0) {
                skippedCount++;
                String reason = reason((Element) skipped.item(0));
                skippedByReason.computeIfAbsent(reason, r -> new ArrayList<>()).add(test);
            } else if (testCase.getElementsByTagName("failure").getLength() > 0
                    || testCase.getElementsByTagName("error").getLength() > 0) {
                failed.add(test);
            } else {
                passedCount++;
            }
        }
    }

    /** Some versions of surefire put the reason into an attribute, some only into the first line of the stack trace. */
    private static String reason(Element skipped) {
        String message = skipped.getAttribute("message");
        if (message.isBlank()) {
            message = skipped.getTextContent().strip().lines().findFirst().orElse("");
            message = message.replaceFirst("^[\\w.$]+(Exception|Error): ", "");
        }
        return oneLine(message.replaceFirst("^Assumption failed: ", ""));
    }

    private static String oneLine(String message) {
        String line = message.strip().replaceAll("\\s+", " ");
        if (line.isEmpty()) {
            return "(no reason given)";
        }
        return line.length() <= REASON_WIDTH ? line : line.substring(0, REASON_WIDTH) + "...";
    }

    private void print() {
        endGroup();
        System.out.println();
        if (!failed.isEmpty()) {
            System.out.println("Failed tests:");
            failed.forEach(test -> System.out.println("  " + test));
            System.out.println();
        }
        if (!skippedByReason.isEmpty()) {
            System.out.println("Skipped tests, by reason:");
            skippedByReason.forEach((reason, tests) -> {
                System.out.println("  " + reason);
                tests.forEach(test -> System.out.println("      " + test));
            });
            System.out.println();
        }
        if (!groups.isEmpty()) {
            System.out.println("%-10s %8s %8s %8s %8s".formatted("group", "passed", "failed", "skipped", "seconds"));
            groups.forEach(row -> System.out.println("%-10s %8d %8d %8d %8s"
                    .formatted(row.name, row.passed, row.failed, row.skipped, row.seconds)));
            System.out.println();
        }
        System.out.println("%d passed, %d failed, %d skipped".formatted(passedCount, failed.size(), skippedCount));
    }
}
