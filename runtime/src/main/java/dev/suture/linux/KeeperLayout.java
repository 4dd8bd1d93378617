package dev.suture.linux;

/**
 * Where {@link Keeper} and the machine code of {@link KeeperCode} find what they tell each other: offsets into one block
 * of memory, and into the entries of its tables. Numbers have 64 bits unless said otherwise.
 */
final class KeeperLayout {
    /** 32 bits: 1 while there is a command to be carried out, else 0. */
    static final int STATE = 0;

    static final int COMMAND = 8;
    /** The process that gives the commands. */
    static final int PARENT = 16;

    static final int CALLS = 24;
    static final int CALL_COUNT = 32;
    /** How many of the calls were not made, because a comparison failed. */
    static final int CALLS_LEFT = 40;

    static final int THREADS = 48;
    static final int THREADS_END = 56;
    /** The clock at which a stop is given up. */
    static final int DEADLINE = 64;

    static final int RESULT = 72;
    /** The address of the path of the folder that has one link for each thread. */
    static final int TASK_PATH = 80;

    static final int RANGES = 88;
    static final int RANGE_COUNT = 96;
    /** All ranges are in one of two windows: what is in neither, as most words of stacks, need not be searched for. */
    static final int LOWEST = 104;

    static final int SPAN = 112;
    static final int MAPPINGS = 120;
    static final int MAPPING_COUNT = 128;
    static final int TARGET = 136;
    static final int BUFFER = 144;
    static final int STACK_TOP = 152;

    /** When the first thread was interrupted; 0 to have it set. Then when all had stopped, were looked at, were let go. */
    static final int STARTED = 160;

    static final int STOPPED_AT = 168;
    static final int CHECKED_AT = 176;
    static final int ENDED_AT = 184;

    static final int STATUS = 192;
    static final int TIME = 200;
    static final int FUTEX_TIMEOUT = 216;
    static final int TIMER_ON = 232;
    static final int TIMER_OFF = 264;
    static final int PAUSE = 296;
    static final int LOCAL_RANGE = 312;
    static final int REMOTE_RANGE = 328;
    static final int ALARM_ACTION = 344;
    static final int ACTION_BYTES = 32;
    static final int MASK_ALL = 376;
    static final int MASK_BEFORE = 384;
    static final int MASK_OF_KEEPER = 392;
    static final int NAME = 400;
    /** How many threads the kernel counts though they have ended. */
    static final int ENDED_THREADS = 416;

    static final int STAT = 424;
    static final int STAT_LINKS = 16;
    static final int STAT_BYTES = 144;
    /** The first thread of the target, and where the stack is that the kernel gave it: from an address up to another. */
    static final int FIRST_THREAD = STAT + STAT_BYTES;

    static final int FIRST_STACK = FIRST_THREAD + 8;
    static final int FIRST_STACK_END = FIRST_STACK + 8;
    static final int CHILD_ACTION = FIRST_STACK_END + 8;
    /** The second window, as LOWEST and SPAN are the first one. */
    static final int UPPER_LOWEST = CHILD_ACTION + ACTION_BYTES;

    static final int UPPER_SPAN = UPPER_LOWEST + 8;
    static final int BYTES = UPPER_SPAN + 8;

    static final int COMMAND_CALLS = 1;
    static final int COMMAND_STOP = 2;
    static final int COMMAND_COLLECT = 3;
    static final int COMMAND_RELEASE = 4;
    static final int COMMAND_END = 5;

    /** One system call: its number, six arguments, its result. A negative number compares: RSI, RDI, count of bytes. */
    static final int CALL_BYTES = 64;

    static final int CALL_RESULT = 56;

    static final int THREAD_ID = 0;
    static final int THREAD_STATE = 8;
    static final int THREAD_SIGNAL = 16;
    static final int THREAD_EVENT = 24;
    static final int THREAD_FOUND = 32;
    static final int THREAD_REGISTERS = 40;
    static final int THREAD_BYTES = THREAD_REGISTERS + Registers.BYTES;

    /** A range of addresses: the lowest and the highest in it. */
    static final int RANGE_BYTES = 16;

    static final int BUFFER_BYTES = 1 << 18;

    private KeeperLayout() {}
}
