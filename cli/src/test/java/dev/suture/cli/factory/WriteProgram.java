package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Row;
import dev.suture.cli.factory.Code.Table;
import dev.suture.cli.factory.Code.Variable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes the source of a program as its authors would have it: a header, some files, a makefile. */
public final class WriteProgram {
    private final Code code;

    private WriteProgram(Code code) {
        this.code = code;
    }

    /** Writes all files of the program into a directory that is there. */
    public static void write(Code code, Path directory) throws IOException {
        WriteProgram writer = new WriteProgram(code);
        Files.writeString(
                directory.resolve("main.c"),
                "unsigned long tick(unsigned long n);\n"
                        + WriteMain.text(code.build().withThreads(), "tick(n)", ""));
        Files.writeString(directory.resolve("common.h"), writer.header());
        for (int unit = 0; unit < code.units(); unit++) {
            Files.writeString(directory.resolve("u%d.c".formatted(unit)), writer.unit(unit));
        }
        Files.writeString(directory.resolve("Makefile"), writer.makefile());
    }

    private String makefile() {
        Code.Build build = code.build();
        String objects =
                IntStream.range(0, code.units()).mapToObj("u%d.o"::formatted).collect(Collectors.joining(" "));
        String link =
                "%s -pthread %s".formatted(build.compiler(), build.flags().contains("-fno-pie") ? "-no-pie" : "-pie");
        String compile = "%s -g -w %s -c -o $@ $<".formatted(build.compiler(), build.flags());
        return switch (build.form()) {
                    case OBJECTS -> """
                    prog: main.o %s
                    	%s -o $@ $^ -Wl,--build-id
                    """.formatted(objects, link);
                    case ARCHIVE -> """
                    prog: main.o libunits.a
                    	%s -o $@ $^ -Wl,--build-id
                    libunits.a: %s
                    	ar rcs $@ $^
                    """.formatted(link, objects);
                    case LIBRARY -> """
                    prog: main.o libunits.so
                    	%s -o $@ main.o -L. -lunits -Wl,-rpath,'$$ORIGIN' -Wl,--build-id
                    libunits.so: %s
                    	%s -shared -o $@ $^ -Wl,--build-id
                    """.formatted(link, objects, build.compiler());
                }
                + "%.o: %.c common.h\n\t" + compile + "\n";
    }

    /** {@return the file that the program's functions are linked into} */
    public static String binary(Code code) {
        return code.build().form() == Code.Form.LIBRARY ? "libunits.so" : "prog";
    }

    private String header() {
        StringBuilder text = new StringBuilder("#pragma once\n");
        code.macros()
                .forEach((name, value) -> text.append(
                        name.startsWith(MakeCode.ENUMERATOR)
                                ? "enum { %s = %d };\n".formatted(name, value)
                                : "#define %s %dUL\n".formatted(name, value)));
        text.append(WriteCode.structure(code.layout()));
        code.variables().stream()
                .filter(each -> !each.isStatic())
                .forEach(each ->
                        text.append("extern ").append(WriteCode.variable(each.with(List.of()), each.name(), "")));
        code.tables().stream()
                .filter(each -> !each.isStatic())
                .forEach(each -> text.append("extern const %s %s[%d];\n"
                        .formatted(each.type(), each.name(), each.values().size())));
        code.functions().stream().filter(each -> !each.isStatic()).forEach(each -> text.append(prototype(each)));
        code.functions().reversed().stream().filter(Function::inHeader).forEach(each -> text.append(function(each)));
        return text.toString();
    }

    private String prototype(Function function) {
        return "%s %sunsigned long %s;\n"
                .formatted(
                        function.attribute(),
                        function.isStatic() ? "static " : "",
                        WriteCode.head(function, function.name()));
    }

    private String function(Function function) {
        return "%sunsigned long %s%s"
                .formatted(
                        function.inHeader() ? "static inline " : function.isStatic() ? "static " : "",
                        WriteCode.head(function, function.name()),
                        WriteCode.body(code, function, new Written(function), true));
    }

    private String unit(int unit) {
        StringBuilder text = new StringBuilder("#include \"common.h\"\n\n");
        code.functions().stream()
                .filter(each -> each.unit() == unit && each.isStatic() && !each.inHeader())
                .forEach(each -> text.append(prototype(each)));
        code.tables().stream().filter(each -> each.unit() == unit).forEach(each -> text.append(table(each)));
        for (Variable each : code.variables()) {
            if (each.unit() == unit) {
                String pointee = each.pointsTo() == 0
                        ? ""
                        : each.shape() == Code.Shape.VIEW
                                ? code.table(each.pointsTo()).name()
                                : code.function(each.pointsTo()).name();
                text.append(each.isStatic() ? "static " : "").append(WriteCode.variable(each, each.name(), pointee));
            }
        }
        code.functions().stream()
                .filter(each -> each.unit() == unit)
                .flatMap(each -> each.kept().stream())
                .filter(Code.Kept::isOutside)
                .forEach(each -> text.append(WriteCode.kept(each)).append('\n'));
        code.rows().stream().filter(each -> each.unit() == unit).forEach(each -> text.append(row(each)));
        code.functions().stream()
                .filter(each -> each.unit() == unit && !each.inHeader())
                .forEach(each -> text.append(function(each)));
        return text.toString();
    }

    private static String table(Table table) {
        return "%sconst %s %s[%d] = {%s};\n"
                .formatted(
                        table.isStatic() ? "static " : "",
                        table.type(),
                        table.name(),
                        table.values().size(),
                        table.values().stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }

    private String row(Row row) {
        return "static unsigned long (*const %s[%d])(unsigned long) = {%s};\n\n"
                .formatted(
                        row.name(),
                        row.functions().size(),
                        row.functions().stream()
                                .map(id -> code.function(id).name())
                                .collect(Collectors.joining(", ")));
    }

    private final class Written implements WriteCode.Names {
        private final Function function;

        private Written(Function function) {
            this.function = function;
        }

        @Override
        public String variable(int id) {
            return code.variable(id).name();
        }

        @Override
        public String table(int id) {
            return code.table(id).name();
        }

        @Override
        public String row(int id) {
            return code.row(id).name();
        }

        @Override
        public String kept(int id) {
            return function.kept().stream()
                    .filter(each -> each.id() == id)
                    .findFirst()
                    .orElseThrow()
                    .name();
        }

        @Override
        public String macro(String name) {
            return name;
        }

        @Override
        public String function(int id) {
            return code.function(id).name();
        }

        @Override
        public String address(int id) {
            return code.function(id).name();
        }
    }
}
