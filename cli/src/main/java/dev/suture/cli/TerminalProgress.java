package dev.suture.cli;

import dev.suture.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Progress as a bar on standard error, one at a time, wiped when its stage ends; nothing at all if standard error is
 * not a terminal.
 */
final class TerminalProgress implements Progress, AutoCloseable {
    private static final int DEFAULT_COLUMNS = 80;
    private static final int REDRAW_MILLIS = 200;

    private final boolean visible;
    private ProgressBar bar;

    private TerminalProgress(boolean visible) {
        this.visible = visible;
    }

    /** {@return progress that draws if standard error is a terminal} */
    static TerminalProgress onStandardError() {
        return new TerminalProgress(standardErrorIsTerminal() && !"dumb".equals(System.getenv("TERM")));
    }

    @Override
    public void stage(String name) {
        close();
        if (visible) {
            bar = new ProgressBarBuilder()
                    .setTaskName(name)
                    .setInitialMax(-1)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(REDRAW_MILLIS)
                    .continuousUpdate()
                    .hideEta()
                    .clearDisplayOnFinish()
                    .setConsumer(new ConsoleProgressBarConsumer(System.err, columns()))
                    .build();
        }
    }

    /** Said also where no bar can be: nobody should wait without knowing what for. */
    @Override
    public void waiting(String what) {
        if (visible) {
            stage("wait for " + what);
        } else {
            System.err.println("suture: waiting for " + what);
        }
    }

    @Override
    public void advance(long done, long total) {
        if (bar != null) {
            bar.maxHint(total == 0 ? -1 : total);
            bar.stepTo(done);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }

    // System.console() tells of standard input and output only, and either may be redirected while standard error is
    // still the terminal. The kernel's own answer is the name behind descriptor 2.
    private static boolean standardErrorIsTerminal() {
        try {
            String name = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return name.startsWith("/dev/pts/") || name.startsWith("/dev/tty") || name.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }

    private static int columns() {
        String columns = System.getenv("COLUMNS");
        if (columns != null && columns.matches("[1-9][0-9]{1,3}")) {
            return Integer.parseInt(columns) - 1;
        }
        return DEFAULT_COLUMNS - 1;
    }
}
