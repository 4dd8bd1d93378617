package dev.suture.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.nio.file.Path;

/**
 * Answers as JSON: records as they are, an empty {@code Optional} as {@code null}, paths and enum constants as text.
 * A report's package has to be exported to Jackson, or to everybody.
 */
final class Json {
    private Json() {}

    /**
     * {@return the report as one indented JSON object}
     *
     * @param report a record, or a tree of them
     */
    static String text(Object report) {
        try {
            return mapper().writeValueAsString(report);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report cannot be written as JSON: " + report.getClass(), e);
        }
    }

    /** {@return the report as one JSON object in one line} */
    static String line(Object report) {
        try {
            return mapper().writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(report);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report cannot be written as JSON: " + report.getClass(), e);
        }
    }

    /** {@return the JSON object of a command that failed: {@code {"error": {"message": …, "exitCode": …}}}} */
    static String error(String message, ExitCode exitCode) {
        ObjectMapper mapper = mapper();
        ObjectNode answer = mapper.createObjectNode();
        answer.putObject("error").put("message", message).put("exitCode", exitCode.code());
        return text(answer);
    }

    // Made only when JSON is asked for: it costs a tenth of a second that other answers do not pay.
    private static ObjectMapper mapper() {
        return JsonMapper.builder()
                .addModule(new Jdk8Module())
                // Left to itself Jackson writes a path as a file: address.
                .addModule(new SimpleModule().addSerializer(Path.class, new ToStringSerializer(Path.class)))
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build();
    }
}
