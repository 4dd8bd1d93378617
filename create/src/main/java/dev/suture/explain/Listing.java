package dev.suture.explain;

import dev.suture.explain.Row.Mark;
import java.util.List;
import java.util.OptionalInt;

/**
 * A function, or a part of it that the compiler put elsewhere, before and after the patch.
 *
 * @param name of the function or part
 * @param rows the instructions, aligned
 * @param firstDifference the place in {@link #rows} of the first that differs; empty if none does
 */
public record Listing(String name, List<Row> rows, OptionalInt firstDifference) {
    public Listing {
        rows = List.copyOf(rows);
    }

    Listing(String name, List<Row> rows) {
        this(name, rows, first(rows));
    }

    private static OptionalInt first(List<Row> rows) {
        for (int at = 0; at < rows.size(); at++) {
            if (rows.get(at).differs()) {
                return OptionalInt.of(at);
            }
        }
        return OptionalInt.empty();
    }

    /** {@return how many rows have that mark} */
    public long count(Mark mark) {
        return rows.stream().filter(row -> row.mark() == mark).count();
    }
}
