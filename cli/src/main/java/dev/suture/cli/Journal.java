package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A file with one JSON object in each line, which only grows by whole lines. */
final class Journal implements AutoCloseable {
    private static final String BEGINNING = "{\"time\":\"";

    /** One line. */
    record Line(String time, Object what) {}

    private final Path file;
    private final FileChannel channel;

    /** @throws LivePatchException if the file cannot be written to */
    Journal(Path file) {
        this.file = file;
        try {
            if (Files.exists(file)) {
                PlainFile.check(file);
                requireJournal();
            }
            // Not through a link that somebody else put there.
            channel = FileChannel.open(
                    file,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.APPEND,
                    LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    // A file of the user that is named by mistake gets no lines of ours.
    private void requireJournal() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] start = in.readNBytes(BEGINNING.length());
            if (start.length > 0 && !new String(start, StandardCharsets.UTF_8).equals(BEGINNING)) {
                throw new LivePatchException(
                        "%s: it is there, and is no journal: name another file with --journal".formatted(file));
            }
        }
    }

    /**
     * Writes a line.
     *
     * @throws LivePatchException if it cannot be written; then none of it is left in the file
     */
    void write(Object what) {
        // An interrupt closes the file that a thread writes to; so one writes that nobody interrupts.
        try {
            CompletableFuture.runAsync(
                            () -> append(what), task -> Thread.ofPlatform().start(task))
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof LivePatchException known ? known : e;
        }
    }

    private void append(Object what) {
        try {
            long size = channel.size();
            String time = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
            ByteBuffer line =
                    ByteBuffer.wrap((Json.line(new Line(time, what)) + "\n").getBytes(StandardCharsets.UTF_8));
            try {
                while (line.hasRemaining()) {
                    channel.write(line);
                }
                channel.force(false);
            } catch (IOException e) {
                channel.truncate(size);
                throw e;
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private LivePatchException unwritable(IOException e) {
        return new LivePatchException("%s: the journal cannot be written: %s".formatted(file, PlainFile.why(e)), e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }
}
