package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.engine.ActionReport;
import dev.suture.engine.ActionReport.Ended;
import dev.suture.target.Identity;
import dev.suture.target.State;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The exit code of what ended differently on several targets. */
class WorstOutcomeTest {
    private static ExitCode of(Ended... ends) {
        return ActionCommand.exitCode(Stream.of(ends)
                .map(ended -> new ActionReport(
                        "load", "fix", new Identity("pid:1", "", ""), ended, State.UNKNOWN, 0, 0, 0, List.of()))
                .toList());
    }

    @Test
    void whatNobodyKnowsIsToldBeforeWhatFailed() {
        assertThat(of(Ended.UNKNOWN, Ended.FAILED)).isEqualTo(ExitCode.STATE_UNKNOWN);
        assertThat(of(Ended.FAILED, Ended.REFUSED)).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(of(Ended.DONE, Ended.NOT_TRIED)).isEqualTo(ExitCode.STATE_UNKNOWN);
        assertThat(of(Ended.DONE, Ended.DONE)).isEqualTo(ExitCode.DONE);
    }
}
