package dev.suture.cli;

/** The exit codes of every command: the one table they and their manuals are made from. */
public enum ExitCode {
    /** What was asked for was done. */
    DONE(0, "Done"),
    /** Suture itself is at fault. */
    INTERNAL_ERROR(1, "Internal error of Suture: please report it"),
    /** The command line makes no sense. */
    USAGE(2, "The command line is wrong"),
    /** The patch cannot go live; the reasons were given. */
    REFUSED(3, "Refused: the reason and what to do about it were printed"),
    /** The target did not finish in the time it had. */
    TIMED_OUT(4, "Timed out"),
    /** The target was lost halfway: nobody knows what it runs now. */
    STATE_UNKNOWN(5, "The state of the target is unknown"),
    /** A file, a tool or the machine is not as it has to be. */
    BAD_INPUT(6, "A file, a tool or the machine is not as it has to be");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    /** {@return the process exit code, 0 to 6} */
    public int code() {
        return code;
    }

    /** {@return one line for the manual} */
    public String meaning() {
        return meaning;
    }
}
