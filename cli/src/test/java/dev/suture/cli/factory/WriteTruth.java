package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Kept;
import dev.suture.cli.factory.Code.Row;
import dev.suture.cli.factory.Code.Variable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes one file that does what the running program is to do: it has the functions of both versions and each variable
 * once, and a line {@code new} or {@code old} says which functions are called from then on. A pointer that was stored
 * leads to the version of its function that is called then.
 */
public final class WriteTruth {
    private static final String SWITCH = """
            if (strcmp(line, "new\\n") == 0 || strcmp(line, "old\\n") == 0) {
                        is_new = line[0] == 'n';
                        puts("done");
                    } else
            """;

    private final StringBuilder text = new StringBuilder("static int is_new;\n");
    private final Code before;
    private final Code after;

    private WriteTruth(Code before, Code after) {
        this.before = before;
        this.after = after;
    }

    public static String text(Code before, Code after) {
        return new WriteTruth(before, after).text();
    }

    private String text() {
        text.append(WriteCode.structure(0));
        before.functions().forEach(each -> prototype(each, "_o"));
        after.functions().forEach(each -> prototype(each, "_n"));
        Set<Integer> addressed = new HashSet<>(leaves(before));
        addressed.addAll(leaves(after));
        addressed.forEach(id -> text.append("static unsigned long f%d(unsigned long);\n".formatted(id)));
        constants(before, "_o");
        constants(after, "_n");
        state();
        before.functions().forEach(each -> function(before, each, "_o"));
        after.functions().forEach(each -> function(after, each, "_n"));
        addressed.forEach(this::chooser);
        return text.append(WriteMain.text(before.build().withThreads(), "is_new ? f0_n(n) : f0_o(n)", SWITCH))
                .toString();
    }

    private static List<Integer> leaves(Code code) {
        return code.functions().stream()
                .filter(each -> each.parameters() == 1)
                .map(Function::id)
                .toList();
    }

    private void prototype(Function function, String version) {
        text.append("static unsigned long %s;\n".formatted(WriteCode.head(function, "f" + function.id() + version)));
    }

    // A function that only one version has stays what it is.
    private void chooser(int id) {
        boolean isOld = leaves(before).contains(id);
        boolean isNew = leaves(after).contains(id);
        String call = isOld && isNew ? "is_new ? f%1$d_n(x) : f%1$d_o(x)" : isOld ? "f%1$d_o(x)" : "f%1$d_n(x)";
        text.append("static unsigned long f%1$d(unsigned long x) { return %2$s; }\n".formatted(id, call.formatted(id)));
    }

    private void state() {
        Set<Integer> known = new HashSet<>();
        Stream.concat(before.variables().stream(), after.variables().stream())
                .filter(each -> known.add(each.id()))
                .forEach(each -> text.append("static ").append(variable(each)));
        Stream.concat(before.functions().stream(), after.functions().stream())
                .flatMap(each -> each.kept().stream())
                .filter(each -> known.add(each.id()))
                .forEach(each -> text.append(kept(each)));
    }

    private static String variable(Variable variable) {
        return WriteCode.variable(
                variable,
                "v" + variable.id(),
                variable.pointsTo() == 0
                        ? ""
                        : variable.shape() == Code.Shape.VIEW
                                ? "c%d_o".formatted(variable.pointsTo())
                                : "f" + variable.pointsTo());
    }

    private static String kept(Kept kept) {
        return "static %s k%d = %d;\n".formatted(kept.type(), kept.id(), kept.first());
    }

    private void constants(Code code, String version) {
        code.tables()
                .forEach(table -> text.append("static const %s c%d%s[%d] = {%s};\n"
                        .formatted(
                                table.type(),
                                table.id(),
                                version,
                                table.values().size(),
                                table.values().stream().map(String::valueOf).collect(Collectors.joining(", ")))));
        for (Row row : code.rows()) {
            text.append("static unsigned long (*const r%d%s[%d])(unsigned long) = {%s};\n"
                    .formatted(
                            row.id(),
                            version,
                            row.functions().size(),
                            row.functions().stream().map(id -> "f" + id).collect(Collectors.joining(", "))));
        }
    }

    private void function(Code code, Function function, String version) {
        text.append("static unsigned long ")
                .append(WriteCode.head(function, "f" + function.id() + version))
                .append(WriteCode.body(code, function, new Numbered(code, version), false));
    }

    private record Numbered(Code code, String version) implements WriteCode.Names {
        @Override
        public String variable(int id) {
            return "v" + id;
        }

        @Override
        public String table(int id) {
            return "c" + id + version;
        }

        @Override
        public String row(int id) {
            return "r" + id + version;
        }

        @Override
        public String kept(int id) {
            return "k" + id;
        }

        @Override
        public String macro(String name) {
            return code.macros().get(name) + "UL";
        }

        @Override
        public String function(int id) {
            return "f" + id + version;
        }

        @Override
        public String address(int id) {
            return "f" + id;
        }
    }
}
