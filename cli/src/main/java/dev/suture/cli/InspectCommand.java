package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.elf.Elf;
import dev.suture.elf.Section;
import dev.suture.isa.Isa;
import dev.suture.payload.Explanation;
import dev.suture.payload.Payload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code suture inspect}: what is in a payload. */
@Command(
        name = "inspect",
        description =
                "Say what a payload replaces, brings and needs: its functions with their sizes and reasons, hooks, build"
                        + " ids, metadata, the symbols it expects of its target, its relocations and sections.",
        footer = {"  suture inspect xsa475.livepatch", "  suture inspect xsa475.livepatch --json"})
final class InspectCommand extends SutureCommand {
    @Parameters(paramLabel = "PAYLOAD", description = "A live patch file, of any builder.")
    private Path payload;

    /** A loaded section. */
    record LoadedSection(String name, String access, long sizeBytes) {}

    /** A function with the reason that the payload gives. */
    record ReplacedFunction(
            String name,
            String object,
            long oldAddress,
            long oldSize,
            long newSize,
            String replacement,
            String reason) {}

    /** The whole answer. */
    record Report(
            String file,
            long sizeBytes,
            String buildId,
            String xenDepends,
            String depends,
            List<ReplacedFunction> functions,
            List<Explanation.Added> added,
            List<Explanation.LeftOut> leftOut,
            List<Payload.Hook> hooks,
            Map<String, List<String>> metadata,
            List<String> undefinedSymbols,
            Map<String, Integer> relocations,
            List<LoadedSection> sections) {}

    @Override
    Answer answer(Progress progress) {
        Report report = report(Payload.read(payload));
        return Answer.done(report, text(report));
    }

    private Report report(Payload read) {
        Isa isa = Isa.of(read.elf().header().machine());
        Map<String, Integer> relocations = new LinkedHashMap<>();
        read.relocationCounts().forEach((type, count) -> relocations.put(isa.relocationName(type), count));
        List<LoadedSection> sections = read.elf().sections().stream()
                .filter(Section::isAllocated)
                .map(section -> new LoadedSection(section.name(), access(section), section.sizeBytes()))
                .toList();
        return new Report(
                payload.toString(),
                read.elf().sizeBytes(),
                read.buildId().orElse(""),
                read.xenDepends().orElse(""),
                read.depends().orElse(""),
                read.functions().stream()
                        .map(function -> replaced(read.explanation(), function))
                        .toList(),
                read.explanation().added(),
                read.explanation().leftOut(),
                read.hooks(),
                Metadata.of(read.metadata()),
                read.undefinedSymbols(),
                relocations,
                sections);
    }

    private static ReplacedFunction replaced(Explanation explanation, Payload.Function function) {
        Explanation.Function explained = explanation.functions().stream()
                .filter(reason -> reason.name().equals(function.name()))
                .findFirst()
                .orElse(new Explanation.Function(function.name(), "", ""));
        return new ReplacedFunction(
                function.name(),
                explained.object(),
                function.oldAddress(),
                function.oldSize(),
                function.newSize(),
                function.newSymbol(),
                explained.reason());
    }

    private static String access(Section section) {
        return "r" + (section.has(Elf.SHF_WRITE) ? "w" : "-") + (section.isCode() ? "x" : "-");
    }

    private static String text(Report report) {
        List<String> lines = new ArrayList<>();
        lines.add("%s: %,d bytes".formatted(report.file(), report.sizeBytes()));
        lines.add("build id       " + orNone(report.buildId()));
        lines.add("for Xen        " + orNone(report.xenDepends()));
        lines.add("on top of      " + orNone(report.depends()));
        Metadata.lines(report.metadata()).forEach(entry -> lines.add("metadata       " + entry));
        for (ReplacedFunction function : report.functions()) {
            String reason = function.reason().isEmpty() ? "" : ": " + function.reason();
            lines.add("replaces       %s (%d -> %d bytes)%s"
                    .formatted(function.name(), function.oldSize(), function.newSize(), reason));
        }
        report.added().stream()
                .filter(added -> added.kind().equals("FUNCTION") || added.kind().equals("DATA"))
                .forEach(added -> lines.add("brings         %s (%d bytes, %s): %s"
                        .formatted(added.name(), added.sizeBytes(), added.section(), added.reason())));
        report.leftOut()
                .forEach(left ->
                        lines.add("not in         %s (%s): %s".formatted(left.name(), left.object(), left.reason())));
        report.hooks().forEach(hook -> lines.add("hook           %s: %s".formatted(hook.kind(), hook.function())));
        report.undefinedSymbols().forEach(symbol -> lines.add("needs          " + symbol));
        lines.add("relocations    "
                + report.relocations().entrySet().stream()
                        .map(entry -> "%s %d".formatted(entry.getKey(), entry.getValue()))
                        .collect(Collectors.joining(", ")));
        report.sections()
                .forEach(section -> lines.add("section        %-26s %s %7d"
                        .formatted(section.name(), section.access(), section.sizeBytes())));
        return String.join("\n", lines);
    }

    private static String orNone(String id) {
        return id.isEmpty() ? "none" : id;
    }
}
