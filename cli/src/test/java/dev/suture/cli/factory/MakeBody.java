package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Kept;
import dev.suture.cli.factory.Code.Row;
import dev.suture.cli.factory.Code.Shape;
import dev.suture.cli.factory.Code.Table;
import dev.suture.cli.factory.Code.Variable;
import dev.suture.cli.factory.Expression.Call;
import dev.suture.cli.factory.Expression.Entry;
import dev.suture.cli.factory.Expression.Field;
import dev.suture.cli.factory.Expression.Global;
import dev.suture.cli.factory.Expression.Local;
import dev.suture.cli.factory.Expression.Macro;
import dev.suture.cli.factory.Expression.Number;
import dev.suture.cli.factory.Expression.Operation;
import dev.suture.cli.factory.Expression.Text;
import dev.suture.cli.factory.Expression.Through;
import dev.suture.cli.factory.Statement.Loop;
import dev.suture.cli.factory.Statement.Point;
import dev.suture.cli.factory.Statement.SetField;
import dev.suture.cli.factory.Statement.SetGlobal;
import dev.suture.cli.factory.Statement.SetKept;
import dev.suture.cli.factory.Statement.SetLocal;
import dev.suture.cli.factory.Statement.Switch;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Makes steps and values for one function by chance. */
final class MakeBody {
    static final int LOCALS = 4;
    private static final int REACH = 6;
    private static final int MOST_CALLS = 2;

    private final Dice dice;
    private final Code code;
    private final Function function;
    private final List<Function> callable;
    private final boolean isLeaf;
    private int calls;

    MakeBody(Dice dice, Code code, int position) {
        this.dice = dice;
        this.code = code;
        function = code.functions().get(position);
        int count = code.functions().size();
        isLeaf = position >= count - MakeCode.LEAVES;
        callable = code.functions().subList(position + 1, Math.min(count, position + 1 + REACH)).stream()
                .filter(this::isVisible)
                .filter(other -> !function.inHeader() || other.inHeader())
                .toList();
    }

    private boolean isVisible(Function other) {
        return other.inHeader() || !other.isStatic() || other.unit() == function.unit();
    }

    private boolean isVisible(boolean isStatic, int unit) {
        return !isStatic || !function.inHeader() && unit == function.unit();
    }

    /** {@return the function with a body} */
    Function whole() {
        List<Statement> body = new ArrayList<>();
        int steps = 2 + dice.below(5);
        for (int i = 0; i < steps; i++) {
            body.add(statement(2));
        }
        if (function.id() == 0) {
            callable.stream().limit(code.units()).forEach(driver -> body.add(gather(call(driver))));
        }
        return function.with(body).with(answer(value(2)));
    }

    /**
     * {@return the function with a body that calls most functions of its file and reads most variables, so that what they
     * do is seen from outside}
     */
    Function driving() {
        List<Statement> body = new ArrayList<>();
        for (Function other :
                code.functions().subList(1 + code.units(), code.functions().size())) {
            if (other.unit() == function.unit() && dice.chance(85)) {
                body.add(gather(call(other)));
            }
        }
        for (Variable variable : code.variables()) {
            if (variable.unit() == function.unit() && variable.shape() != Shape.POINTER && dice.chance(60)) {
                body.add(gather(read(variable)));
            }
        }
        return function.with(body).with(answer(new Number(0)));
    }

    // All that a function computes is part of its answer.
    private static Expression answer(Expression value) {
        Expression answer = value;
        for (int i = 0; i < LOCALS; i++) {
            answer = new Operation("+", new Operation("*", answer, new Number(31)), new Local(i));
        }
        return answer;
    }

    private static Statement gather(Expression value) {
        return new SetLocal(1, new Operation("+", new Operation("*", new Local(1), new Number(31)), value));
    }

    /** {@return a step, which has at most so many within each other} */
    Statement statement(int depth) {
        return switch (dice.below(depth > 0 ? 12 : 9)) {
            case 0, 1, 2 -> new SetLocal(dice.below(LOCALS), value(2));
            case 3, 4 -> setGlobal();
            case 5 -> setField();
            case 6 -> setKept();
            case 7 -> dice.chance(50) ? point() : look();
            case 8 ->
                new Switch(
                        value(1),
                        dice.below(LOCALS),
                        Stream.generate(() -> quiet(1)).limit(4 + dice.below(4)).toList());
            case 9 -> loop();
            default ->
                new Statement.If(
                        value(1),
                        List.of(statement(depth - 1)),
                        dice.chance(50) ? List.of(statement(depth - 1)) : List.of());
        };
    }

    private Statement loop() {
        int before = calls;
        calls = MOST_CALLS;
        Statement inside = new SetLocal(dice.below(LOCALS), value(1));
        calls = before;
        return new Loop(2 + dice.below(3), List.of(inside));
    }

    // A value for which nothing is called.
    private Expression quiet(int depth) {
        int before = calls;
        calls = MOST_CALLS;
        Expression value = value(depth);
        calls = before;
        return value;
    }

    private Statement setGlobal() {
        List<Variable> all = variables(Shape.NUMBER, Shape.ARRAY, Shape.THREAD);
        return all.isEmpty()
                ? new SetLocal(0, value(1))
                : new SetGlobal(dice.pick(all).id(), quiet(1), value(2));
    }

    private Statement setField() {
        List<Variable> all = variables(Shape.STRUCTURE, Shape.HEAP);
        return all.isEmpty()
                ? new SetLocal(1, value(1))
                : new SetField(dice.pick(all).id(), dice.below(WriteCode.FIELDS), value(2));
    }

    private Statement setKept() {
        List<Kept> all = function.kept();
        return all.isEmpty()
                ? new SetLocal(2, value(1))
                : new SetKept(dice.pick(all).id(), value(1));
    }

    private Statement point() {
        List<Variable> all = variables(Shape.POINTER);
        List<Function> leaves =
                code
                        .functions()
                        .subList(
                                code.functions().size() - MakeCode.LEAVES,
                                code.functions().size())
                        .stream()
                        .filter(other -> !function.inHeader() && isVisible(other))
                        .toList();
        return all.isEmpty() || leaves.isEmpty()
                ? new SetLocal(3, value(1))
                : new Point(dice.pick(all).id(), dice.pick(leaves).id());
    }

    private Statement look() {
        List<Variable> all = variables(Shape.TEXT, Shape.VIEW);
        if (all.isEmpty()) {
            return new SetLocal(3, value(1));
        }
        Variable variable = dice.pick(all);
        if (variable.shape() == Shape.TEXT) {
            return new Statement.Say(variable.id(), dice.pick("ready", "waiting", "not there"));
        }
        List<Table> tables = code.tables().stream()
                .filter(each ->
                        isVisible(each.isStatic(), each.unit()) && each.type().equals(variable.type()))
                .toList();
        return tables.isEmpty()
                ? new SetLocal(3, value(1))
                : new Statement.View(variable.id(), dice.pick(tables).id());
    }

    private List<Variable> variables(Shape... shapes) {
        return code.variables().stream()
                .filter(each -> List.of(shapes).contains(each.shape()) && isVisible(each.isStatic(), each.unit()))
                .toList();
    }

    private Expression call(Function other) {
        calls++;
        return new Call(
                other.id(),
                Stream.generate(() -> quiet(1)).limit(other.parameters()).toList());
    }

    /** {@return a value, which is made of parts within each other at most so deep} */
    Expression value(int depth) {
        return switch (dice.below(depth > 0 ? 14 : 6)) {
            case 0, 1 -> new Number(dice.number());
            case 2, 3 -> new Local(dice.below(LOCALS));
            case 4 -> new Macro(dice.pick(List.copyOf(code.macros().keySet())));
            case 5 -> state();
            case 6, 7, 8 ->
                new Operation(
                        dice.pick("+", "-", "*", "^", "&", "|", "<", "==", ">>", "%"),
                        value(depth - 1),
                        value(depth - 1));
            case 9 -> entry(depth);
            case 10 -> new Text(dice.pick("abcdefg", "another", "cannot\\n"), quiet(depth - 1));
            default -> called();
        };
    }

    /** {@return the function with another result} */
    Function withResult() {
        return function.with(answer(value(2)));
    }

    /** {@return a condition without a call} */
    Expression condition() {
        return quiet(2);
    }

    private Expression state() {
        if (!function.kept().isEmpty() && dice.chance(50)) {
            return new Expression.Kept(dice.pick(function.kept()).id());
        }
        List<Variable> all =
                variables(Shape.NUMBER, Shape.ARRAY, Shape.STRUCTURE, Shape.HEAP, Shape.THREAD, Shape.TEXT, Shape.VIEW);
        if (all.isEmpty()) {
            return new Local(0);
        }
        return read(dice.pick(all));
    }

    private Expression read(Variable variable) {
        return switch (variable.shape()) {
            case STRUCTURE, HEAP -> new Field(variable.id(), dice.below(WriteCode.FIELDS));
            case TEXT, VIEW -> new Expression.Pointed(variable.id(), new Local(dice.below(LOCALS)));
            default -> new Global(variable.id(), new Local(dice.below(LOCALS)));
        };
    }

    private Expression entry(int depth) {
        List<Table> all = code.tables().stream()
                .filter(each -> isVisible(each.isStatic(), each.unit()))
                .toList();
        return all.isEmpty() ? state() : new Entry(dice.pick(all).id(), quiet(depth - 1));
    }

    private Expression called() {
        if (calls >= MOST_CALLS) {
            return state();
        }
        List<Variable> pointers = variables(Shape.POINTER);
        List<Row> rows = code.rows().stream()
                .filter(each -> isVisible(each.isStatic(), each.unit()))
                .toList();
        if (!isLeaf && !function.inHeader() && !pointers.isEmpty() && dice.chance(25)) {
            calls++;
            return new Through(dice.pick(pointers).id(), quiet(1));
        }
        if (!isLeaf && !function.inHeader() && !rows.isEmpty() && dice.chance(25)) {
            calls++;
            return new Expression.Row(dice.pick(rows).id(), quiet(1), quiet(1));
        }
        return callable.isEmpty() ? state() : call(dice.pick(callable));
    }
}
