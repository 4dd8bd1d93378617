package dev.suture.cli.factory;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * A C program of some files. What is the same thing in two versions has the same number, whatever it is called.
 *
 * @param units how many files, without the one of {@code main}
 * @param macros numbers by name, in a header
 * @param functions a function calls only those behind it
 * @param build how it is compiled and linked
 * @param layout which order of members the structure has; 0 at first
 */
public record Code(
        int units,
        Map<String, Long> macros,
        List<Variable> variables,
        List<Table> tables,
        List<Row> rows,
        List<Function> functions,
        Build build,
        int layout) {
    public Code {
        macros = new TreeMap<>(macros);
        variables = List.copyOf(variables);
        tables = List.copyOf(tables);
        rows = List.copyOf(rows);
        functions = List.copyOf(functions);
    }

    /** What the files become beside that of {@code main}. */
    public enum Form {
        OBJECTS,
        ARCHIVE,
        LIBRARY
    }

    /**
     * How a program is made.
     *
     * @param compiler of C, or of C++, which the source is too
     * @param withThreads whether two threads take turns in answering
     */
    public record Build(String compiler, String flags, Form form, boolean withThreads) {}

    /** What a variable is. */
    enum Shape {
        NUMBER,
        ARRAY,
        STRUCTURE,
        /** A pointer to a structure that is allocated when it is first used. */
        HEAP,
        POINTER,
        /** A number of which each thread has one. */
        THREAD,
        /** A pointer to a string. */
        TEXT,
        /** A pointer to a constant table. */
        VIEW
    }

    /**
     * A variable of a file.
     *
     * @param type of its elements
     * @param first what it has at first; empty for zeroes
     * @param pointsTo the function or table that it points to at first; 0 for none
     */
    record Variable(
            int id, String name, int unit, boolean isStatic, Shape shape, String type, List<Long> first, int pointsTo) {
        Variable {
            first = List.copyOf(first);
        }

        Variable called(String other) {
            return new Variable(id, other, unit, isStatic, shape, type, first, pointsTo);
        }

        Variable global(String other) {
            return new Variable(id, other, unit, false, shape, type, first, pointsTo);
        }

        Variable typed(String other) {
            return new Variable(id, name, unit, isStatic, shape, other, first, pointsTo);
        }

        Variable with(List<Long> other) {
            return new Variable(id, name, unit, isStatic, shape, type, other, pointsTo);
        }
    }

    /** A constant table of numbers; how many is a power of two. */
    record Table(int id, String name, int unit, boolean isStatic, String type, List<Long> values) {
        Table {
            values = List.copyOf(values);
        }
    }

    /** A constant table of functions with one parameter; how many is a power of two. */
    record Row(int id, String name, int unit, boolean isStatic, List<Integer> functions) {
        Row {
            functions = List.copyOf(functions);
        }
    }

    /**
     * A static variable that one function uses.
     *
     * @param isOutside whether it stands before the function, and not in it
     */
    record Kept(int id, String name, String type, long first, boolean isOutside) {}

    /**
     * A function.
     *
     * @param attribute such as {@code __attribute__((noinline))}
     * @param inHeader whether it is a static inline one in the header that all files have
     */
    record Function(
            int id,
            String name,
            int unit,
            boolean isStatic,
            boolean inHeader,
            String attribute,
            int parameters,
            List<Kept> kept,
            List<Statement> body,
            Expression result) {
        Function {
            kept = List.copyOf(kept);
            body = List.copyOf(body);
        }

        Function called(String other) {
            return new Function(id, other, unit, isStatic, inHeader, attribute, parameters, kept, body, result);
        }

        Function in(int other) {
            return new Function(id, name, other, isStatic, inHeader, attribute, parameters, kept, body, result);
        }

        Function with(String other) {
            return new Function(id, name, unit, isStatic, inHeader, other, parameters, kept, body, result);
        }

        Function with(List<Statement> other) {
            return new Function(id, name, unit, isStatic, inHeader, attribute, parameters, kept, other, result);
        }

        Function with(Expression other) {
            return new Function(id, name, unit, isStatic, inHeader, attribute, parameters, kept, body, other);
        }

        Function keeping(List<Kept> other) {
            return new Function(id, name, unit, isStatic, inHeader, attribute, parameters, other, body, result);
        }

        Function taking(int other) {
            return new Function(id, name, unit, isStatic, inHeader, attribute, other, kept, body, result);
        }

        Function global() {
            return new Function(id, name, unit, false, inHeader, attribute, parameters, kept, body, result);
        }

        Function map(UnaryOperator<Expression> change) {
            return with(body.stream().map(each -> each.map(change)).toList()).with(result.map(change));
        }
    }

    Function function(int id) {
        return functions.stream().filter(each -> each.id == id).findFirst().orElseThrow();
    }

    Variable variable(int id) {
        return variables.stream().filter(each -> each.id == id).findFirst().orElseThrow();
    }

    Table table(int id) {
        return tables.stream().filter(each -> each.id == id).findFirst().orElseThrow();
    }

    Row row(int id) {
        return rows.stream().filter(each -> each.id == id).findFirst().orElseThrow();
    }

    Code withFunctions(List<Function> other) {
        return new Code(units, macros, variables, tables, rows, other, build, layout);
    }

    Code withVariables(List<Variable> other) {
        return new Code(units, macros, other, tables, rows, functions, build, layout);
    }

    Code withTables(List<Table> other) {
        return new Code(units, macros, variables, other, rows, functions, build, layout);
    }

    Code withRows(List<Row> other) {
        return new Code(units, macros, variables, tables, other, functions, build, layout);
    }

    Code withMacros(Map<String, Long> other) {
        return new Code(units, other, variables, tables, rows, functions, build, layout);
    }

    Code withLayout(int other) {
        return new Code(units, macros, variables, tables, rows, functions, build, other);
    }

    /** {@return this with one function replaced} */
    Code with(Function changed) {
        List<Function> all = new ArrayList<>(functions);
        all.replaceAll(each -> each.id == changed.id ? changed : each);
        return withFunctions(all);
    }
}
