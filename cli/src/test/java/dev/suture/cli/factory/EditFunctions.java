package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Kept;
import dev.suture.cli.factory.Code.Variable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Edits of what functions and variables are to others; one that cannot be made leaves the program as it is. */
final class EditFunctions {
    private EditFunctions() {}

    // Nobody has its address, and it is not the program's beginning.
    private static boolean isOnlyCalled(Code code, Function function) {
        return function.id() != 0
                && !isLeaf(code, function)
                && code.rows().stream().noneMatch(row -> row.functions().contains(function.id()))
                && code.variables().stream().noneMatch(each -> each.pointsTo() == function.id())
                && code.functions().stream().noneMatch(each -> points(each, function.id()));
    }

    private static boolean isLeaf(Code code, Function function) {
        return code.functions().indexOf(function) >= code.functions().size() - MakeCode.LEAVES;
    }

    private static boolean points(Function function, int id) {
        boolean[] points = {false};
        Statement.flatMap(function.body(), each -> {
            points[0] |= each instanceof Statement.Point point && point.function() == id;
            return Stream.of(each);
        });
        return points[0];
    }

    private static Code calls(Code code, int id, UnaryOperator<Expression.Call> change) {
        return mapCalls(code, id, change::apply);
    }

    private static Code mapCalls(Code code, int id, java.util.function.Function<Expression.Call, Expression> change) {
        return code.withFunctions(code.functions().stream()
                .map(each -> each.map(part ->
                        part instanceof Expression.Call call && call.function() == id ? change.apply(call) : part))
                .toList());
    }

    static Code withParameter(Code code, Function function, long argument) {
        if (!isOnlyCalled(code, function) || function.parameters() >= MakeBody.LOCALS) {
            return code;
        }
        Code changed = calls(
                code,
                function.id(),
                call -> new Expression.Call(
                        call.function(),
                        Stream.concat(call.arguments().stream(), Stream.of(new Expression.Number(argument)))
                                .toList()));
        return changed.with(changed.function(function.id()).taking(function.parameters() + 1));
    }

    /** What was the last parameter is a local variable from now on. */
    static Code withoutParameter(Code code, Function function) {
        int left = function.parameters() - 1;
        if (!isOnlyCalled(code, function) || left == 0) {
            return code;
        }
        Code changed = calls(
                code,
                function.id(),
                call -> new Expression.Call(call.function(), call.arguments().subList(0, left)));
        return changed.with(changed.function(function.id()).taking(left));
    }

    static Code removed(Code code, Function function, long instead) {
        if (!isOnlyCalled(code, function)) {
            return code;
        }
        Code changed = mapCalls(code, function.id(), _ -> new Expression.Number(instead));
        List<Function> all = new ArrayList<>(changed.functions());
        all.removeIf(each -> each.id() == function.id());
        return changed.withFunctions(all);
    }

    /** What it does is done by a new function, which it calls; its static variables go there. */
    static Code split(Code code, int position, int id) {
        Function outer = code.functions().get(position);
        if (outer.inHeader() || isLeaf(code, outer)) {
            return code;
        }
        Function inner = new Function(
                id,
                "inner" + id,
                outer.unit(),
                true,
                false,
                "",
                outer.parameters(),
                outer.kept(),
                outer.body(),
                outer.result());
        List<Expression> parameters = IntStream.range(0, outer.parameters())
                .<Expression>mapToObj(Expression.Local::new)
                .toList();
        List<Function> all = new ArrayList<>(code.functions());
        all.set(position, outer.keeping(List.of()).with(List.of()).with(new Expression.Call(id, parameters)));
        all.add(position + 1, inner);
        return code.withFunctions(all);
    }

    /** Its static variables keep their names where no other of the file has them. */
    static Code withStaticsOutside(Code code, Function function) {
        List<String> taken = code.functions().stream()
                .filter(each -> each.id() != function.id() && each.unit() == function.unit())
                .flatMap(each -> each.kept().stream())
                .map(Kept::name)
                .toList();
        return code.with(function.keeping(function.kept().stream()
                .map(each -> new Kept(
                        each.id(),
                        taken.contains(each.name()) ? each.name() + "_of" + function.id() : each.name(),
                        each.type(),
                        each.first(),
                        true))
                .toList()));
    }

    static Code madeGlobal(Code code, Variable variable) {
        boolean isTaken = code.variables().stream()
                .anyMatch(each -> each.id() != variable.id() && each.name().equals(variable.name()));
        return code.withVariables(code.variables().stream()
                .map(each -> each.id() == variable.id() && each.isStatic()
                        ? each.global(isTaken ? "now_global" + each.id() : each.name())
                        : each)
                .toList());
    }

    // Only where all that it has is to be had there too.
    static Code moved(Code code, Function function, int unit) {
        if (function.id() == 0 || function.isStatic() || function.inHeader() || !isSelfContained(code, function)) {
            return code;
        }
        return code.with(function.in(unit));
    }

    private static boolean isSelfContained(Code code, Function function) {
        Set<Boolean> seen = new HashSet<>();
        function.map(part -> {
            seen.add(
                    switch (part) {
                        case Expression.Call call ->
                            code.function(call.function()).isStatic();
                        case Expression.Global global ->
                            code.variable(global.variable()).isStatic();
                        case Expression.Field field ->
                            code.variable(field.variable()).isStatic();
                        case Expression.Through through ->
                            code.variable(through.variable()).isStatic();
                        case Expression.Pointed pointed ->
                            code.variable(pointed.variable()).isStatic();
                        case Expression.Entry entry -> code.table(entry.table()).isStatic();
                        case Expression.Row _ -> true;
                        default -> false;
                    });
            return part;
        });
        Statement.flatMap(function.body(), each -> {
            seen.add(
                    switch (each) {
                        case Statement.SetGlobal set ->
                            code.variable(set.variable()).isStatic();
                        case Statement.SetField set ->
                            code.variable(set.variable()).isStatic();
                        case Statement.Point _, Statement.View _ -> true;
                        case Statement.Say say -> code.variable(say.variable()).isStatic();
                        default -> false;
                    });
            return Stream.of(each);
        });
        return !seen.contains(true);
    }
}
