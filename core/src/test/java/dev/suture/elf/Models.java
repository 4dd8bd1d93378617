package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;

/** Compares two models of a file. */
final class Models {
    private Models() {}

    static void assertEqual(ElfFile actual, ElfFile expected) {
        assertThat(actual.header()).isEqualTo(expected.header());
        assertThat(actual.sizeBytes()).isEqualTo(expected.sizeBytes());
        assertThat(actual.segments()).isEqualTo(expected.segments());
        assertThat(actual.sections()).hasSameSizeAs(expected.sections());
        for (int index = 0; index < expected.sections().size(); index++) {
            Section section = expected.sections().get(index);
            Section other = actual.sections().get(index);
            assertThat(withoutContents(other)).isEqualTo(withoutContents(section));
            assertThat(other.contents().mismatch(section.contents()))
                    .as(section.name())
                    .isEqualTo(-1);
            assertThat(actual.relocations(other)).isEqualTo(expected.relocations(section));
        }
        assertThat(actual.symbols().equals(expected.symbols())).as("symbols").isTrue();
        assertThat(actual.dynamicSymbols().equals(expected.dynamicSymbols()))
                .as("dynamic symbols")
                .isTrue();
        assertThat(actual.groups()).isEqualTo(expected.groups());
        assertThat(actual.buildId()).isEqualTo(expected.buildId());
    }

    private static Section withoutContents(Section section) {
        return new Section(
                section.index(),
                section.name(),
                section.type(),
                section.flags(),
                section.address(),
                section.fileOffset(),
                section.sizeBytes(),
                section.link(),
                section.info(),
                section.alignment(),
                section.entrySizeBytes(),
                null);
    }
}
