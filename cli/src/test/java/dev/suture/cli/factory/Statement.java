package dev.suture.cli.factory;

import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A step of a function. */
sealed interface Statement {
    /** {@return this, with each expression replaced} */
    default Statement map(UnaryOperator<Expression> change) {
        return switch (this) {
            case SetLocal set -> new SetLocal(set.number, set.value.map(change));
            case SetGlobal set -> new SetGlobal(set.variable, set.index.map(change), set.value.map(change));
            case SetField set -> new SetField(set.variable, set.field, set.value.map(change));
            case SetKept set -> new SetKept(set.id, set.value.map(change));
            case Point point -> point;
            case Say say -> say;
            case View view -> view;
            case Blank blank -> blank;
            case If choice ->
                new If(choice.condition.map(change), map(choice.then, change), map(choice.otherwise, change));
            case Loop loop -> new Loop(loop.times, map(loop.body, change));
            case Switch choice ->
                new Switch(
                        choice.value.map(change),
                        choice.number,
                        choice.cases.stream().map(each -> each.map(change)).toList());
        };
    }

    /** {@return all steps, with each replaced by some} */
    static List<Statement> flatMap(List<Statement> all, Function<Statement, Stream<Statement>> change) {
        return all.stream()
                .map(each -> switch (each) {
                    case If choice ->
                        new If(choice.condition, flatMap(choice.then, change), flatMap(choice.otherwise, change));
                    case Loop loop -> new Loop(loop.times, flatMap(loop.body, change));
                    default -> each;
                })
                .flatMap(change)
                .toList();
    }

    private static List<Statement> map(List<Statement> all, UnaryOperator<Expression> change) {
        return all.stream().map(each -> each.map(change)).toList();
    }

    record SetLocal(int number, Expression value) implements Statement {}

    record SetGlobal(int variable, Expression index, Expression value) implements Statement {}

    record SetField(int variable, int field, Expression value) implements Statement {}

    record SetKept(int id, Expression value) implements Statement {}

    /** Lets a variable point to a function. */
    record Point(int variable, int function) implements Statement {}

    /** Lets a variable point to a string. */
    record Say(int variable, String text) implements Statement {}

    /** Lets a variable point to a table. */
    record View(int variable, int table) implements Statement {}

    /** Nothing but a line, or a comment. */
    record Blank(String text) implements Statement {}

    record If(Expression condition, List<Statement> then, List<Statement> otherwise) implements Statement {
        public If {
            then = List.copyOf(then);
            otherwise = List.copyOf(otherwise);
        }
    }

    record Loop(int times, List<Statement> body) implements Statement {
        public Loop {
            body = List.copyOf(body);
        }
    }

    /** Sets a local to one of the values. */
    record Switch(Expression value, int number, List<Expression> cases) implements Statement {
        public Switch {
            cases = List.copyOf(cases);
        }
    }
}
