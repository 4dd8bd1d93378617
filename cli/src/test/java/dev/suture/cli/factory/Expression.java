package dev.suture.cli.factory;

import java.util.List;
import java.util.function.UnaryOperator;

/** A value that is computed; all of them are {@code unsigned long}, so that nothing overflows. */
sealed interface Expression {
    /** {@return this, with each part replaced, the innermost first} */
    default Expression map(UnaryOperator<Expression> change) {
        return change.apply(inside(change));
    }

    private Expression inside(UnaryOperator<Expression> change) {
        return switch (this) {
            case Number _, Local _, Kept _, Macro _, Field _ -> this;
            case Global global -> new Global(global.variable, global.index.map(change));
            case Entry entry -> new Entry(entry.table, entry.index.map(change));
            case Pointed pointed -> new Pointed(pointed.variable, pointed.index.map(change));
            case Text text -> new Text(text.text, text.index.map(change));
            case Call call ->
                new Call(
                        call.function,
                        call.arguments.stream().map(each -> each.map(change)).toList());
            case Through through -> new Through(through.variable, through.argument.map(change));
            case Row row -> new Row(row.table, row.index.map(change), row.argument.map(change));
            case Operation operation ->
                new Operation(operation.operator, operation.left.map(change), operation.right.map(change));
        };
    }

    record Number(long value) implements Expression {}

    /** A parameter or a variable of the function: {@code l0} to {@code l3}, of which the first are the parameters. */
    record Local(int number) implements Expression {}

    /** A static variable of the function. */
    record Kept(int id) implements Expression {}

    record Macro(String name) implements Expression {}

    /** A variable, or an element of one. */
    record Global(int variable, Expression index) implements Expression {}

    /** A member of a structure. */
    record Field(int variable, int field) implements Expression {}

    /** An element of a constant table. */
    record Entry(int table, Expression index) implements Expression {}

    /** What is at a place behind a pointer to a string or table. */
    record Pointed(int variable, Expression index) implements Expression {}

    /** A character of a string. */
    record Text(String text, Expression index) implements Expression {}

    record Call(int function, List<Expression> arguments) implements Expression {
        public Call {
            arguments = List.copyOf(arguments);
        }
    }

    /** A call of what a variable points to. */
    record Through(int variable, Expression argument) implements Expression {}

    /** A call of an entry in a constant table of functions. */
    record Row(int table, Expression index, Expression argument) implements Expression {}

    record Operation(String operator, Expression left, Expression right) implements Expression {}
}
