package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Kept;
import dev.suture.cli.factory.Code.Shape;
import dev.suture.cli.factory.Code.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes functions in C, with names that are asked for. */
final class WriteCode {
    static final int FIELDS = 3;

    /** What things are called in the text. */
    interface Names {
        String variable(int id);

        String table(int id);

        String row(int id);

        String kept(int id);

        String macro(String name);

        /** {@return the name by which a function is called} */
        String function(int id);

        /** {@return the name by which a function's address is had} */
        String address(int id);
    }

    private final Code code;
    private final Names names;
    private final StringBuilder text = new StringBuilder();
    private int temporaries;

    private WriteCode(Code code, Names names) {
        this.code = code;
        this.names = names;
    }

    /** {@return the function's declaration, without what follows it} */
    static String head(Function function, String name) {
        return IntStream.range(0, function.parameters())
                .mapToObj(i -> "unsigned long l" + i)
                .collect(Collectors.joining(", ", "%s(".formatted(name), ")"));
    }

    /** {@return the function's text behind its declaration} */
    static String body(Code code, Function function, Names names, boolean withKept) {
        WriteCode writer = new WriteCode(code, names);
        writer.text.append("\n{\n");
        if (withKept) {
            function.kept().stream().filter(each -> !each.isOutside()).forEach(each -> writer.line(kept(each)));
        }
        for (int i = function.parameters(); i < MakeBody.LOCALS; i++) {
            writer.line("unsigned long l%d = %d;".formatted(i, i));
        }
        function.body().forEach(writer::statement);
        writer.valued(function.result(), "return ");
        return writer.text.append("}\n\n").toString();
    }

    /** {@return the definition of a static variable of a function} */
    static String kept(Kept kept) {
        return "static %s %s%s;".formatted(kept.type(), kept.name(), kept.first() == 0 ? "" : " = " + kept.first());
    }

    /** {@return the definition of a variable} */
    static String variable(Variable variable, String name, String pointee) {
        String first = variable.first().stream().map(String::valueOf).collect(Collectors.joining(", "));
        return switch (variable.shape()) {
            case NUMBER -> "%s %s%s;\n".formatted(variable.type(), name, first.isEmpty() ? "" : " = " + first);
            case ARRAY -> "%s %s[8]%s;\n".formatted(variable.type(), name, first.isEmpty() ? "" : " = {" + first + "}");
            case THREAD -> "__thread %s %s%s;\n".formatted(variable.type(), name, first.isEmpty() ? "" : " = " + first);
            case TEXT -> "const char *%s;\n".formatted(name);
            case VIEW -> "const %s *%s%s;\n".formatted(variable.type(), name, pointee.isEmpty() ? "" : " = " + pointee);
            case STRUCTURE -> "struct record %s;\n".formatted(name);
            case HEAP -> "struct record *%s;\n".formatted(name);
            case POINTER ->
                "unsigned long (*%s)(unsigned long)%s;\n".formatted(name, pointee.isEmpty() ? "" : " = " + pointee);
        };
    }

    /** {@return the structure's definition} */
    static String structure(int layout) {
        List<String> members = new ArrayList<>(List.of("unsigned f0;", "unsigned char f1;", "unsigned long f2;"));
        switch (layout) {
            case 1 -> members.add(1, "unsigned extra;");
            case 2 -> members.set(1, "unsigned short f1;");
            case 3 -> members.add(members.removeFirst());
            default -> {}
        }
        return """
                #include <stdlib.h>
                struct record { %s };
                static inline struct record *made(struct record **place)
                {
                    if (!*place)
                        *place = (struct record *)calloc(1, sizeof **place);
                    return *place;
                }
                """.formatted(String.join(" ", members));
    }

    private void line(String line) {
        text.append("    ").append(line).append('\n');
    }

    private void valued(Expression value, String start) {
        line("{");
        line(start + text(value, hasCall(value)) + ";");
        line("}");
    }

    private void statement(Statement statement) {
        switch (statement) {
            case Statement.SetLocal set -> valued(set.value(), "l" + set.number() + " = ");
            case Statement.SetGlobal set ->
                valued(set.value(), variable(set.variable(), text(set.index(), false)) + " = ");
            case Statement.SetField set -> valued(set.value(), member(set.variable(), set.field()) + " = ");
            case Statement.SetKept set -> valued(set.value(), names.kept(set.id()) + " = ");
            case Statement.Point point ->
                line("%s = %s;".formatted(names.variable(point.variable()), names.address(point.function())));
            case Statement.Say say -> line("%s = \"%s\";".formatted(names.variable(say.variable()), say.text()));
            case Statement.View view ->
                line("%s = %s;".formatted(names.variable(view.variable()), names.table(view.table())));
            case Statement.Blank blank -> line(blank.text());
            case Statement.If choice -> {
                line("{");
                line("if (%s) {".formatted(text(choice.condition(), hasCall(choice.condition()))));
                choice.then().forEach(this::statement);
                line("} else {");
                choice.otherwise().forEach(this::statement);
                line("}");
                line("}");
            }
            case Statement.Loop loop -> {
                line("for (int i = 0; i < %d; i++) {".formatted(loop.times()));
                loop.body().forEach(this::statement);
                line("}");
            }
            case Statement.Switch choice -> choose(choice);
        }
    }

    private void choose(Statement.Switch choice) {
        line("{");
        line("switch ((%s) %% %d) {"
                .formatted(
                        text(choice.value(), hasCall(choice.value())),
                        choice.cases().size() + 1));
        for (int i = 0; i < choice.cases().size(); i++) {
            line("case %d: l%d = %s; break;"
                    .formatted(i, choice.number(), text(choice.cases().get(i), false)));
        }
        line("}");
        line("}");
    }

    private String variable(int id, String index) {
        Variable variable = code.variable(id);
        return variable.shape() == Shape.ARRAY
                ? "%s[(%s) & 7]".formatted(names.variable(id), index)
                : names.variable(id);
    }

    private String member(int id, int field) {
        return (code.variable(id).shape() == Shape.HEAP ? "made(&%s)->f%d" : "%s.f%d")
                .formatted(names.variable(id), field);
    }

    private static boolean hasCall(Expression value) {
        boolean[] has = {false};
        value.map(part -> {
            has[0] |= part instanceof Expression.Call
                    || part instanceof Expression.Through
                    || part instanceof Expression.Row;
            return part;
        });
        return has[0];
    }

    // C leaves open what is read or called first; where anything is called, each is made a step of its own.
    private String step(boolean isApart, String value) {
        if (!isApart) {
            return value;
        }
        String name = "t" + temporaries++;
        line("unsigned long %s = %s;".formatted(name, value));
        return name;
    }

    private String text(Expression value, boolean isApart) {
        return switch (value) {
            case Expression.Number number -> number.value() + "UL";
            case Expression.Local local -> "l" + local.number();
            case Expression.Kept kept -> step(isApart, "(unsigned long)" + names.kept(kept.id()));
            case Expression.Macro macro -> names.macro(macro.name());
            case Expression.Global global ->
                step(isApart, "(unsigned long)" + variable(global.variable(), text(global.index(), isApart)));
            case Expression.Field field -> step(isApart, "(unsigned long)" + member(field.variable(), field.field()));
            case Expression.Entry entry ->
                "(unsigned long)%s[(%s) & %d]"
                        .formatted(
                                names.table(entry.table()),
                                text(entry.index(), isApart),
                                code.table(entry.table()).values().size() - 1);
            case Expression.Pointed pointed -> {
                String name = names.variable(pointed.variable());
                String index = text(pointed.index(), isApart);
                yield step(isApart, "(unsigned long)(%1$s ? %1$s[(%2$s) & 3] : 0)".formatted(name, index));
            }
            case Expression.Text chosen ->
                "(unsigned long)\"%s\"[(%s) & 3]".formatted(chosen.text(), text(chosen.index(), isApart));
            case Expression.Call call ->
                step(
                        isApart,
                        call.arguments().stream()
                                .map(each -> text(each, isApart))
                                .collect(Collectors.joining(", ", names.function(call.function()) + "(", ")")));
            case Expression.Through through -> {
                String name = names.variable(through.variable());
                yield step(isApart, "%1$s ? %1$s(%2$s) : 7UL".formatted(name, text(through.argument(), isApart)));
            }
            case Expression.Row row ->
                step(
                        isApart,
                        "%s[(%s) & %d](%s)"
                                .formatted(
                                        names.row(row.table()),
                                        text(row.index(), isApart),
                                        code.row(row.table()).functions().size() - 1,
                                        text(row.argument(), isApart)));
            case Expression.Operation operation -> operation(operation, isApart);
        };
    }

    private String operation(Expression.Operation operation, boolean isApart) {
        String left = text(operation.left(), isApart);
        String right = text(operation.right(), isApart);
        return switch (operation.operator()) {
            case ">>" -> "((%s) >> ((%s) & 15))".formatted(left, right);
            case "%" -> "((%s) %% ((%s) | 1))".formatted(left, right);
            case "<", "==" -> "(unsigned long)((%s) %s (%s))".formatted(left, operation.operator(), right);
            default -> "((%s) %s (%s))".formatted(left, operation.operator(), right);
        };
    }
}
