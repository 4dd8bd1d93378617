package dev.suture.rehearse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleLinesTest {
    private final ConsoleLines lines = new ConsoleLines();

    @Test
    void aLineOfXensLosesItsMarkAndItsCarriageReturns() {
        assertThat(lines.accept("(XEN) livepatch: hello: Reverting\r\r"))
                .isEqualTo(new ConsoleLine.FromXen("livepatch: hello: Reverting"));
    }

    @Test
    void aMarkerIsItsWords() {
        assertThat(lines.accept("@suture end 0 apply 0 1 =b2s= .\r\r"))
                .isEqualTo(new ConsoleLine.Marker(List.of("end", "0", "apply", "0", "1", "=b2s=")));
    }

    @Test
    void aMarkerCutByLinesOfXensIsPutTogetherAgain() {
        assertThat(lines.accept("@suture end 0 appl(XEN) livepatch: hello: Applying 1 functions\r"))
                .isEqualTo(new ConsoleLine.FromXen("livepatch: hello: Applying 1 functions"));
        assertThat(lines.accept("(XEN) livepatch: hello finished APPLY with rc=0\r"))
                .isEqualTo(new ConsoleLine.FromXen("livepatch: hello finished APPLY with rc=0"));
        assertThat(lines.accept("y 0 1 =b2s= .\r\r"))
                .isEqualTo(new ConsoleLine.Marker(List.of("end", "0", "apply", "0", "1", "=b2s=")));
    }

    @Test
    void anEmptyLineOfXensIsALineOfXens() {
        assertThat(lines.accept("(XEN) \r")).isEqualTo(new ConsoleLine.FromXen(""));
        assertThat(lines.accept("(XEN)\r")).isEqualTo(new ConsoleLine.FromXen(""));
    }

    @Test
    void aPieceOfAMarkerIsNotTakenForAMarker() {
        assertThat(lines.accept("@suture end 0 apply 0 1 =b2\r"))
                .isEqualTo(new ConsoleLine.Damaged("@suture end 0 apply 0 1 =b2"));
        assertThat(lines.accept("@suture .")).isInstanceOf(ConsoleLine.Damaged.class);
    }

    @Test
    void whatDom0PrintsBesidesIsKeptApart() {
        assertThat(lines.accept("[   15.753824] Kernel panic - not syncing: sysrq triggered crash\r\r"))
                .isEqualTo(
                        new ConsoleLine.FromDom0("[   15.753824] Kernel panic - not syncing: sysrq triggered crash"));
    }
}
