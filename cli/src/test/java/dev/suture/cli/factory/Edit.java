package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Kept;
import dev.suture.cli.factory.Code.Table;
import dev.suture.cli.factory.Code.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What authors of patches do to a program. An edit that finds nothing to change leaves it as it is. */
public enum Edit {
    NUMBER,
    STEP_ADDED,
    STEP_REMOVED,
    CALL_OF_NEW_FUNCTION,
    SIGNATURE,
    FUNCTION_RENAMED,
    FUNCTION_REMOVED_FROM_LINE,
    FUNCTION_MOVED,
    FUNCTION_MADE_GLOBAL,
    STATIC_ADDED,
    STATICS_SWAPPED,
    STATIC_RENAMED,
    VARIABLE_ADDED,
    VARIABLE_RENAMED,
    VARIABLES_SWAPPED,
    FIRST_VALUE,
    TABLE_ENTRY,
    TABLE_GROWN,
    ROW_ENTRY,
    MACRO,
    TEXT,
    ATTRIBUTE,
    BLANK_LINES,
    ENUMERATOR,
    VARIABLE_TYPE,
    STATIC_TYPE,
    LAYOUT,
    RESULT,
    STEPS_SWAPPED,
    STEP_GUARDED,
    PARAMETER_REMOVED,
    FUNCTION_REMOVED,
    FUNCTION_SPLIT,
    STATIC_MOVED_OUT,
    VARIABLE_MADE_GLOBAL;

    /** The numbers of what is added begin here. */
    private static final int ADDED = 5000;

    /** {@return whether the running program's memory cannot be that of the patched one} */
    public boolean changesMemory() {
        return this == LAYOUT || this == VARIABLE_TYPE || this == STATIC_TYPE;
    }

    /** {@return the program with the edit} */
    public Code apply(Code code, Dice dice) {
        int position = dice.below(code.functions().size());
        Function function = code.functions().get(position);
        return switch (this) {
            case NUMBER ->
                once(code, function, dice, Expression.Number.class, _ -> new Expression.Number(dice.number()));
            case TEXT ->
                once(
                        code,
                        function,
                        dice,
                        Expression.Text.class,
                        old -> new Expression.Text("changed" + dice.below(9), ((Expression.Text) old).index()));
            case STEP_ADDED -> added(code, function, new MakeBody(dice, code, position).statement(1), dice);
            case STEP_REMOVED -> removed(code, function, dice);
            case CALL_OF_NEW_FUNCTION -> newFunction(code, function, dice);
            case SIGNATURE -> EditFunctions.withParameter(code, function, dice.number());
            case FUNCTION_RENAMED -> function.id() == 0 ? code : code.with(function.called("renamed" + function.id()));
            case FUNCTION_REMOVED_FROM_LINE -> shuffled(code, dice);
            case FUNCTION_MOVED -> EditFunctions.moved(code, function, dice.below(code.units()));
            case FUNCTION_MADE_GLOBAL ->
                function.inHeader() || !function.isStatic()
                        ? code
                        : code.with(
                                function.called("now_global" + function.id()).global());
            case STATIC_ADDED -> keeps(code, function, dice);
            case STATICS_SWAPPED -> code.with(function.keeping(function.kept().reversed()));
            case STATIC_RENAMED ->
                code.with(function.keeping(function.kept().stream()
                        .map(each ->
                                new Kept(each.id(), each.name() + "_now", each.type(), each.first(), each.isOutside()))
                        .toList()));
            case VARIABLE_ADDED -> variable(code, function, dice);
            case VARIABLE_RENAMED ->
                changed(code, dice.pick(code.variables()), each -> each.called("renamed" + each.id()));
            case VARIABLES_SWAPPED -> {
                List<Variable> all = new ArrayList<>(code.variables());
                Collections.swap(all, dice.below(all.size()), dice.below(all.size()));
                yield code.withVariables(all);
            }
            case FIRST_VALUE ->
                changed(
                        code,
                        dice.pick(code.variables()),
                        each -> each.shape() == Code.Shape.NUMBER ? each.with(List.of((long) dice.below(100))) : each);
            case TABLE_ENTRY -> table(code, dice, false);
            case TABLE_GROWN -> table(code, dice, true);
            case ROW_ENTRY -> row(code, dice);
            case MACRO -> {
                Map<String, Long> macros = new TreeMap<>(code.macros());
                macros.put("LIMIT", dice.number());
                yield code.withMacros(macros);
            }
            case ENUMERATOR -> {
                Map<String, Long> macros = new TreeMap<>(code.macros());
                macros.put(MakeCode.ENUMERATOR + "LAST", 6L + dice.below(5));
                yield code.withMacros(macros);
            }
            case VARIABLE_TYPE ->
                changed(
                        code,
                        dice.pick(code.variables()),
                        each -> each.shape() == Code.Shape.VIEW ? each : each.typed(dice.pick(MakeCode.TYPES)));
            case STATIC_TYPE ->
                code.with(function.keeping(function.kept().stream()
                        .map(each -> new Kept(
                                each.id(), each.name(), dice.pick(MakeCode.TYPES), each.first(), each.isOutside()))
                        .toList()));
            case ATTRIBUTE ->
                function.id() == 0 || function.inHeader()
                        ? code
                        : code.with(function.with(function.attribute().isEmpty() ? MakeCode.NOINLINE : ""));
            case BLANK_LINES -> added(code, function, new Statement.Blank("/* said */\n\n\n"), dice);
            case LAYOUT -> code.withLayout(1 + dice.below(3));
            case RESULT -> code.with(new MakeBody(dice, code, position).withResult());
            case STEPS_SWAPPED -> swapped(code, function, dice);
            case STEP_GUARDED -> guarded(code, function, new MakeBody(dice, code, position).condition(), dice);
            case PARAMETER_REMOVED -> EditFunctions.withoutParameter(code, function);
            case FUNCTION_REMOVED -> EditFunctions.removed(code, function, dice.number());
            case FUNCTION_SPLIT -> EditFunctions.split(code, position, fresh(code));
            case STATIC_MOVED_OUT -> EditFunctions.withStaticsOutside(code, function);
            case VARIABLE_MADE_GLOBAL -> EditFunctions.madeGlobal(code, dice.pick(code.variables()));
        };
    }

    private static Code once(
            Code code,
            Function function,
            Dice dice,
            Class<? extends Expression> kind,
            UnaryOperator<Expression> change) {
        int[] count = {0};
        function.map(each -> {
            count[0] += kind.isInstance(each) ? 1 : 0;
            return each;
        });
        if (count[0] == 0) {
            return code;
        }
        int[] left = {dice.below(count[0])};
        return code.with(function.map(each -> kind.isInstance(each) && left[0]-- == 0 ? change.apply(each) : each));
    }

    private static Code added(Code code, Function function, Statement statement, Dice dice) {
        List<Statement> body = new ArrayList<>(function.body());
        body.add(dice.below(body.size() + 1), statement);
        return code.with(function.with(body));
    }

    private static Code removed(Code code, Function function, Dice dice) {
        List<Statement> body = new ArrayList<>(function.body());
        if (function.id() == 0 || body.isEmpty()) {
            return code;
        }
        body.remove(dice.below(body.size()));
        return code.with(function.with(body));
    }

    private static Code swapped(Code code, Function function, Dice dice) {
        List<Statement> body = new ArrayList<>(function.body());
        if (body.size() < 2) {
            return code;
        }
        Collections.swap(body, dice.below(body.size()), dice.below(body.size()));
        return code.with(function.with(body));
    }

    private static Code guarded(Code code, Function function, Expression condition, Dice dice) {
        List<Statement> body = new ArrayList<>(function.body());
        if (body.isEmpty()) {
            return code;
        }
        int place = dice.below(body.size());
        body.set(place, new Statement.If(condition, List.of(body.get(place)), List.of()));
        return code.with(function.with(body));
    }

    // It is the last, and so calls nothing.
    private static Code newFunction(Code code, Function function, Dice dice) {
        int id = fresh(code);
        if (function.inHeader()) {
            return code;
        }
        List<Function> all = new ArrayList<>(code.functions());
        all.add(new Function(
                id,
                "added" + id,
                function.unit(),
                dice.chance(70),
                false,
                dice.pick("", MakeCode.NOINLINE),
                1,
                List.of(),
                List.of(),
                new Expression.Number(0)));
        Code grown = code.withFunctions(all);
        grown = grown.with(new MakeBody(dice, grown, all.size() - 1).whole());
        Expression call = new Expression.Call(id, List.of(new Expression.Local(dice.below(MakeBody.LOCALS))));
        return added(
                grown,
                function,
                new Statement.SetLocal(0, new Expression.Operation("^", call, new Expression.Local(0))),
                dice);
    }

    private static Code shuffled(Code code, Dice dice) {
        List<Function> all = new ArrayList<>(code.functions());
        Function taken = all.remove(1 + dice.below(all.size() - 1));
        all.add(1 + dice.below(all.size()), taken);
        return code.withFunctions(all);
    }

    private static Code keeps(Code code, Function function, Dice dice) {
        if (function.inHeader()) {
            return code;
        }
        int id = fresh(code);
        List<Kept> kept = new ArrayList<>(function.kept());
        kept.add(dice.below(kept.size() + 1), new Kept(id, "kept" + id, "unsigned", dice.below(3), false));
        Expression next = new Expression.Operation("+", new Expression.Kept(id), new Expression.Number(1));
        Code changed =
                added(code.with(function.keeping(kept)), function.keeping(kept), new Statement.SetKept(id, next), dice);
        Function grown = changed.function(function.id());
        return changed.with(grown.with(new Expression.Operation("+", grown.result(), new Expression.Kept(id))));
    }

    private static Code variable(Code code, Function function, Dice dice) {
        if (function.inHeader()) {
            return code;
        }
        int id = fresh(code);
        List<Variable> all = new ArrayList<>(code.variables());
        all.add(
                dice.below(all.size() + 1),
                new Variable(
                        id,
                        "added" + id,
                        function.unit(),
                        dice.chance(70),
                        Code.Shape.NUMBER,
                        "unsigned",
                        List.of(),
                        0));
        Expression read = new Expression.Global(id, new Expression.Number(0));
        Expression next = new Expression.Operation("+", read, new Expression.Local(0));
        Code changed = added(
                code.withVariables(all), function, new Statement.SetGlobal(id, new Expression.Number(0), next), dice);
        Function grown = changed.function(function.id());
        return changed.with(grown.with(new Expression.Operation("^", grown.result(), read)));
    }

    private static Code changed(Code code, Variable variable, UnaryOperator<Variable> change) {
        return code.withVariables(code.variables().stream()
                .map(each -> each.id() == variable.id() ? change.apply(each) : each)
                .toList());
    }

    private static Code table(Code code, Dice dice, boolean grows) {
        Table table = dice.pick(code.tables());
        List<Long> values = new ArrayList<>(table.values());
        values.set(dice.below(values.size()), (long) dice.below(200));
        if (grows) {
            values.addAll(table.values());
        }
        return code.withTables(code.tables().stream()
                .map(each -> each.id() == table.id()
                        ? new Table(each.id(), each.name(), each.unit(), each.isStatic(), each.type(), values)
                        : each)
                .toList());
    }

    private static Code row(Code code, Dice dice) {
        return code.withRows(code.rows().stream()
                .map(row -> {
                    List<Integer> functions = new ArrayList<>(row.functions());
                    functions.set(dice.below(functions.size()), dice.pick(row.functions()));
                    return new Code.Row(row.id(), row.name(), row.unit(), row.isStatic(), functions);
                })
                .toList());
    }

    private static int fresh(Code code) {
        int most = Stream.of(
                        code.variables().stream().map(Variable::id),
                        code.functions().stream().map(Function::id),
                        code.functions().stream()
                                .flatMap(each -> each.kept().stream())
                                .map(Kept::id))
                .flatMap(ids -> ids)
                .max(Integer::compare)
                .orElse(0);
        return Math.max(ADDED, most + 1);
    }
}
