package dev.suture.effect;

/** From when on the new version of a function runs. */
public enum Moment {
    /** From the next call on. */
    NEXT_CALL("at the next call"),
    /** When somebody starts it the next time: who is in it now stays in the old version and never leaves that. */
    NEXT_START("when it is started the next time"),
    /** When a processor starts. */
    PROCESSOR_START("when a processor starts"),
    /** When the program or system starts the next time: never in this run. */
    RESTART("never in this run");

    private final String words;

    Moment(String words) {
        this.words = words;
    }

    /** {@return the moment as a part of a sentence} */
    public String words() {
        return words;
    }
}
