package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.process.DescribePayloads.ReadMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * Where the ledger is in a process: a mapping of a nameless file, which {@code /proc/PID/maps} shows as
 * {@code /memfd:suture}, so that any later command finds it.
 *
 * <p>Where the process may have no more files, or none of that size, it is memory without a file that can only be read, and
 * is known by its first word.
 *
 * <p>Behind it is a stack for functions that are called in the process, which only its threads see.
 *
 * <p>It holds two copies and a number that says which is valid. A copy is written beside the valid one and then made
 * valid by writing the number, 8 bytes at once: whoever is killed in between leaves the ledger as it was. A child of the
 * process has a ledger of its own, as it has memory of its own.
 */
final class LedgerMemory {
    static final String NAME = "suture";
    /** How large the stack for functions is. */
    static final int STACK_BYTES = 1 << 18;

    private static final String MAPPING = "/memfd:" + NAME + " (deleted)";
    private static final String WITH_FILE = "rw-p";
    private static final String WITHOUT_FILE = "r--p";
    private static final long MAGIC = 0x3152_4547_4445_4c53L;
    private static final int COPY_BYTES = 1 << 20;
    private static final int FIRST_COPY_AT = 4096;
    private static final long LEDGER_BYTES = FIRST_COPY_AT + 2L * COPY_BYTES;
    private static final long GUARD_BYTES = 4096;
    private static final long TOTAL_BYTES = LEDGER_BYTES + GUARD_BYTES + STACK_BYTES;
    private static final int COPY_HEADER_BYTES = 16;

    private final Session session;
    private long address;
    private long valid;

    private LedgerMemory(Session session, long address) {
        this.session = session;
        this.address = address;
    }

    /** {@return where the ledger is and the stack behind it; no memory if there is none yet} */
    Ledger.Span span() {
        return new Ledger.Span(address, exists() ? address + TOTAL_BYTES : 0);
    }

    /**
     * {@return the ledger's place in a process; one that is yet to be made if there is none}
     *
     * @throws ProcessException if the process ended or executed another program
     */
    static LedgerMemory find(Session session, Mappings mappings) {
        // The program may have something of that name; and whoever made ours may have been killed before he wrote it.
        long found = mappings.all().stream()
                .filter(mapping -> mapping.name().equals(MAPPING)
                        && mapping.permissions().equals(WITH_FILE)
                        && mapping.fileOffset() == 0
                        && mapping.sizeBytes() == LEDGER_BYTES)
                .mapToLong(Mapping::start)
                .filter(address -> new LedgerMemory(session, address).word(0) == MAGIC)
                .findFirst()
                .orElseGet(() -> withoutFile(session, mappings));
        if (found == 0) {
            // Of a process that ended meanwhile nothing is to be read, and that is not the same as no ledger.
            session.requireReadable(mappings);
        }
        return new LedgerMemory(session, found);
    }

    // It may have been joined with a neighbour that is protected like it.
    private static long withoutFile(Session session, Mappings mappings) {
        return mappings.all().stream()
                .filter(mapping -> mapping.permissions().equals(WITHOUT_FILE)
                        && !mapping.isFile()
                        && mapping.sizeBytes() >= LEDGER_BYTES)
                .flatMapToLong(mapping -> LongStream.of(mapping.start(), mapping.end() - LEDGER_BYTES))
                .filter(address -> new LedgerMemory(session, address).word(0) == MAGIC)
                .findFirst()
                .orElse(0);
    }

    boolean exists() {
        return address != 0;
    }

    /** Makes the ledger, in a thread of the process. */
    void make(BorrowedThread thread) {
        long file = mayHaveFile()
                ? thread.call(Calls.MEMFD_CREATE, thread.ledgerName(), Calls.MFD_CLOEXEC, 0, 0, 0, 0)
                : -Errno.EMFILE;
        if (file == -Errno.EMFILE || file == -Errno.ENFILE) {
            address = check(map(thread, Calls.PROT_READ, Calls.MAP_PRIVATE | Calls.MAP_ANONYMOUS, -1), "mmap");
            protect(thread);
            initialize();
            return;
        }
        check(file, "memfd_create");
        try {
            check(thread.call(Calls.FTRUNCATE, file, TOTAL_BYTES, 0, 0, 0, 0), "ftruncate");
            address = check(map(thread, Calls.PROT_READ | Calls.PROT_WRITE, Calls.MAP_PRIVATE, file), "mmap");
        } finally {
            thread.call(Calls.CLOSE, file, 0, 0, 0, 0, 0);
        }
        protect(thread);
        initialize();
    }

    private void protect(BorrowedThread thread) {
        Step.LEDGER_MAPPED.isDone();
        long guard = address + LEDGER_BYTES;
        long stack = guard + GUARD_BYTES;
        check(thread.call(Calls.MPROTECT, guard, GUARD_BYTES, 0, 0, 0, 0), "mprotect");
        int protection = Calls.PROT_READ | Calls.PROT_WRITE;
        check(thread.call(Calls.MPROTECT, stack, STACK_BYTES, protection, 0, 0, 0), "mprotect");
        Step.LEDGER_PROTECTED.isDone();
    }

    /** {@return the address behind the stack that functions are called on; it has no other use than that} */
    long stackEnd() {
        return address + TOTAL_BYTES;
    }

    private static long map(BorrowedThread thread, long protection, long flags, long file) {
        return thread.call(Calls.MMAP, 0, TOTAL_BYTES, protection, flags, file, 0);
    }

    // Who makes a file larger than it may is killed with SIGXFSZ, and a nameless file counts as one.
    private boolean mayHaveFile() {
        try (Stream<String> limits = Files.lines(Path.of("/proc/" + session.pid() + "/limits"))) {
            return limits.filter(line -> line.startsWith("Max file size"))
                    .map(line -> line.split(" {2,}")[1])
                    .allMatch(limit -> limit.equals("unlimited") || Long.parseUnsignedLong(limit) >= TOTAL_BYTES);
        } catch (IOException e) {
            throw new ProcessException(session.pid(), "it has ended");
        }
    }

    private long check(long result, String call) {
        if (result < 0 && result >= -4095) {
            throw new ProcessException(
                    session.pid(), "%s in the process failed: %s".formatted(call, Errno.text(-result)));
        }
        return result;
    }

    private void initialize() {
        write(Ledger.EMPTY);
        session.write(address, word(MAGIC, 8), "the ledger");
    }

    /** {@return what the process keeps; empty if it has no payloads and never had any} */
    Ledger read() {
        if (!exists()) {
            return Ledger.EMPTY;
        }
        valid = word(8);
        try {
            return read(address, session.memory()::read);
        } catch (IOException e) {
            throw new ProcessException(
                    session.pid(), "its list of payloads, at 0x%x, is damaged: %s".formatted(address, e.getMessage()));
        }
    }

    /** {@return whether memory starts as a ledger does} */
    static boolean isLedger(long address, ReadMemory memory) {
        return number(memory.read(address, Long.BYTES)) == MAGIC;
    }

    /**
     * {@return the ledger at an address}
     *
     * @throws IOException if it is damaged
     */
    static Ledger read(long address, ReadMemory memory) throws IOException {
        long copy = number(memory.read(address + Long.BYTES, Long.BYTES));
        long start = address + FIRST_COPY_AT + copy * COPY_BYTES;
        byte[] header = memory.read(start, COPY_HEADER_BYTES);
        ByteBuffer numbers = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        int size = header.length < COPY_HEADER_BYTES ? -1 : numbers.getInt();
        if (copy < 0 || copy > 1 || size < 0 || size > COPY_BYTES - COPY_HEADER_BYTES) {
            throw new IOException("its header makes no sense");
        }
        byte[] bytes = memory.read(start + COPY_HEADER_BYTES, size);
        if (checksum(bytes) != numbers.getLong(8)) {
            throw new IOException("its checksum is wrong");
        }
        return Ledger.of(bytes);
    }

    private static long number(byte[] bytes) {
        return ByteBuffer.wrap(Arrays.copyOf(bytes, Long.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    /** Replaces what the process keeps, all at once. */
    void write(Ledger ledger) {
        byte[] bytes = ledger.bytes();
        if (bytes.length > COPY_BYTES - COPY_HEADER_BYTES) {
            throw new ProcessException(
                    session.pid(),
                    "its payloads take %,d bytes to list, and there is room for %,d; unload some"
                            .formatted(bytes.length, COPY_BYTES - COPY_HEADER_BYTES));
        }
        ByteBuffer copy = ByteBuffer.allocate(COPY_HEADER_BYTES + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        copy.putInt(bytes.length).putInt(0).putLong(checksum(bytes)).put(bytes);
        long next = 1 - valid;
        session.write(copyAddress(next), copy.array(), "the ledger");
        Step.COPY_WRITTEN.isDone();
        session.write(address + 8, word(next, 8), "the ledger");
        Step.COPY_COUNTS.isDone();
        valid = next;
    }

    private long copyAddress(long index) {
        return address + FIRST_COPY_AT + index * COPY_BYTES;
    }

    private long word(long offset) {
        return number(session.memory().read(address + offset, Long.BYTES));
    }

    private static byte[] word(long value, int sizeBytes) {
        return ByteBuffer.allocate(sizeBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    private static long checksum(byte[] bytes) {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return sum.getValue();
    }
}
