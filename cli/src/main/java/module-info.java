/** The {@code suture} command: the only part that prints and exits. */
module dev.suture.cli {
    requires com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.datatype.jdk8;
    requires dev.suture.create;
    requires dev.suture.runtime;
    requires info.picocli;
    requires me.tongfei.progressbar;

    opens dev.suture.cli to
            com.fasterxml.jackson.databind,
            info.picocli;
}
