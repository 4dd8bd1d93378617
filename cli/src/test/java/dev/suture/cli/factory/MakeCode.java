package dev.suture.cli.factory;

import dev.suture.cli.factory.Code.Build;
import dev.suture.cli.factory.Code.Form;
import dev.suture.cli.factory.Code.Function;
import dev.suture.cli.factory.Code.Kept;
import dev.suture.cli.factory.Code.Row;
import dev.suture.cli.factory.Code.Shape;
import dev.suture.cli.factory.Code.Table;
import dev.suture.cli.factory.Code.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Makes a program by chance: state of all kinds, functions that call each other, tables, pointers, statics. */
public final class MakeCode {
    static final String NOINLINE = "__attribute__((noinline))";
    /** How the names of enumerators begin; the others are macros. */
    static final String ENUMERATOR = "KIND_";
    /** How many functions at the end of the list are never called by a pointer that one of them follows. */
    static final int LEAVES = 4;

    static final List<String> TYPES = List.of(
            "unsigned char", "unsigned short", "unsigned", "unsigned long", "int", "signed char", "volatile unsigned");
    private static final List<String> NAMES =
            List.of("update", "check", "lookup", "init_once", "handle", "route", "main_loop", "cold_path", "set_up");

    private static final List<Shape> SHAPES = List.of(
            Shape.NUMBER,
            Shape.NUMBER,
            Shape.NUMBER,
            Shape.ARRAY,
            Shape.STRUCTURE,
            Shape.HEAP,
            Shape.POINTER,
            Shape.POINTER,
            Shape.THREAD,
            Shape.TEXT,
            Shape.VIEW);

    private final Dice dice;
    private final List<Variable> variables = new ArrayList<>();
    private final List<Table> tables = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();
    private final int units;
    private int nextId = 1;

    private MakeCode(Dice dice) {
        this.dice = dice;
        units = 2 + dice.below(2);
    }

    public static Code make(Dice dice) {
        return new MakeCode(dice).make();
    }

    private Code make() {
        Map<String, Long> macros = new TreeMap<>(Map.of(
                "LIMIT", dice.number(), "STEP", 1L + dice.below(9), ENUMERATOR + "FIRST", 0L, ENUMERATOR + "LAST", 5L));
        int count = 9 + dice.below(6);
        IntStream.range(0, count).forEach(i -> functions.add(head(i, count)));
        IntStream.range(0, units).forEach(unit -> functions.add(1 + unit, driver(unit, count + unit)));
        IntStream.range(0, 1 + dice.below(3)).forEach(_ -> tables.add(table()));
        IntStream.range(0, 5 + dice.below(6)).forEach(_ -> variables.add(variable()));
        List<Row> rows = Stream.of(row())
                .filter(row -> !row.functions().contains(0) && dice.chance(60))
                .toList();
        Code code = new Code(units, macros, variables, tables, rows, functions, build(), 0);
        for (int i = 0; i < functions.size(); i++) {
            MakeBody body = new MakeBody(dice, code, i);
            code = code.with(1 <= i && i <= units ? body.driving() : body.whole());
        }
        return code;
    }

    private Build build() {
        String compiler = dice.pick("gcc", "gcc", "gcc", "clang", "clang", "g++", "clang++");
        String level = dice.pick("-O2", "-O2", "-O2", "-O3", "-O1", "-Os", "-O0");
        String more = dice.pick("", "", "", " -fcommon", " -ffunction-sections -fdata-sections", " -fno-pie", " -fPIC");
        Form form = dice.pick(Form.OBJECTS, Form.OBJECTS, Form.ARCHIVE, Form.LIBRARY);
        return new Build(compiler, level + (form == Form.LIBRARY ? " -fPIC" : more), form, dice.chance(25));
    }

    private static Function driver(int unit, int id) {
        return new Function(
                id, "x_drive" + unit, unit, false, false, NOINLINE, 1, List.of(), List.of(), new Expression.Number(0));
    }

    private Function head(int position, int count) {
        int id = position;
        if (position == 0) {
            return new Function(
                    id, "tick", 0, false, false, NOINLINE, 1, List.of(), List.of(), new Expression.Number(0));
        }
        boolean isLeaf = position >= count - LEAVES;
        boolean inHeader = !isLeaf && dice.chance(8);
        boolean isStatic = inHeader || dice.chance(60);
        List<Kept> kept = inHeader || !dice.chance(35)
                ? List.of()
                : IntStream.rangeClosed(1, 1 + dice.below(2))
                        .mapToObj(this::kept)
                        .toList();
        return new Function(
                id,
                name(isStatic, dice.pick(NAMES), position),
                dice.below(units),
                isStatic,
                inHeader,
                inHeader
                        ? ""
                        : dice.pick(
                                NOINLINE,
                                NOINLINE,
                                "",
                                "",
                                "",
                                isStatic ? "__attribute__((cold))" : "__attribute__((weak))"),
                isLeaf ? 1 : 1 + dice.below(3),
                kept,
                List.of(),
                new Expression.Number(0));
    }

    // Names of static things may be the same in several files.
    private String name(boolean isStatic, String stem, int number) {
        return isStatic ? stem + number % 4 + (char) ('a' + number / 4) : "x_" + stem + number;
    }

    private Kept kept(int number) {
        return new Kept(1000 + nextId++, dice.pick("count", "last", "seen") + number, dice.pick(TYPES), first(), false);
    }

    private long first() {
        return dice.chance(50) ? 0 : 1 + dice.below(100);
    }

    private Variable variable() {
        int id = nextId++;
        boolean isStatic = dice.chance(60);
        int unit = dice.below(units);
        Shape shape = dice.pick(SHAPES);
        String name = name(isStatic, dice.pick("state", "root_handler", "rows", "total"), id);
        List<Table> seen = tables.stream()
                .filter(each -> !each.isStatic() || each.unit() == unit)
                .toList();
        if (shape == Shape.VIEW && !seen.isEmpty()) {
            Table table = dice.pick(seen);
            return new Variable(
                    id, name, unit, isStatic, shape, table.type(), List.of(), dice.chance(50) ? table.id() : 0);
        }
        boolean isNumber = shape == Shape.NUMBER || shape == Shape.ARRAY || shape == Shape.THREAD;
        List<Long> first = !isNumber || dice.chance(50)
                ? List.of()
                : Stream.generate(this::first)
                        .limit(shape == Shape.ARRAY ? 8 : 1)
                        .toList();
        int pointsTo = shape == Shape.POINTER && dice.chance(50) ? leaf(unit) : 0;
        return new Variable(id, name, unit, isStatic, shape, dice.pick(TYPES), first, pointsTo);
    }

    // 0 where the file can have none of them.
    private int leaf(int unit) {
        List<Integer> all = functions.subList(functions.size() - LEAVES, functions.size()).stream()
                .filter(each -> !each.isStatic() || each.unit() == unit)
                .map(Function::id)
                .toList();
        return all.isEmpty() ? 0 : dice.pick(all);
    }

    private Table table() {
        int id = nextId++;
        boolean isStatic = dice.chance(70);
        return new Table(
                id,
                name(isStatic, dice.pick("names", "note_table", "data_rel"), id),
                dice.below(units),
                isStatic,
                dice.pick(TYPES.subList(0, 4)),
                Stream.generate(() -> (long) dice.below(200))
                        .limit(dice.pick(4, 8, 16))
                        .toList());
    }

    private Row row() {
        int id = nextId++;
        int unit = dice.below(units);
        return new Row(
                id,
                name(true, "ops", id),
                unit,
                true,
                Stream.generate(() -> leaf(unit)).limit(dice.pick(2, 4)).toList());
    }
}
