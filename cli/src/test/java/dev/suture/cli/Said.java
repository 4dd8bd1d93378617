package dev.suture.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.stream.Stream;
import picocli.CommandLine;

/** What {@code suture} said when it was run in this JVM. */
record Said(ExitCode exitCode, String out, String err) {
    static Said suture(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
        CommandLine suture = Suture.commandLine(texts);
        suture.setOut(new PrintWriter(out));
        suture.setErr(new PrintWriter(err));
        int code = suture.execute(texts);
        return new Said(ExitCode.values()[code], out.toString(), err.toString());
    }

    /** {@return both outputs, one after the other} */
    static String words(Object... arguments) {
        Said said = suture(arguments);
        return said.out + said.err;
    }

    JsonNode json() {
        try {
            return new ObjectMapper().readTree(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
