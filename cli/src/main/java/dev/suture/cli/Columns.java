package dev.suture.cli;

import java.util.ArrayList;
import java.util.List;

/** A table for people. */
final class Columns {
    private Columns() {}

    /** {@return the rows, one on each line, each column as wide as its longest cell} */
    static String of(List<List<String>> rows) {
        int columns = rows.getFirst().size();
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                int index = column;
                int width = rows.stream()
                        .mapToInt(cells -> cells.get(index).length())
                        .max()
                        .orElse(0);
                line.append(row.get(column))
                        .append(" ".repeat(width - row.get(column).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return String.join("\n", lines);
    }
}
