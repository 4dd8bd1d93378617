package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A client of redis that sends many commands at a time over a local socket, and checks each answer. It reads answers of
 * the protocol's second version as text: {@code +OK}, {@code -ERR why}, {@code :7}, {@code $text}, {@code $-1}, and
 * arrays as {@code [a, b]}.
 *
 * @see "Redis serialization protocol specification"
 */
final class RedisClient implements ServerLoad.Client {
    private record Question(List<String> words, String answer) {}

    private final Path socket;
    private final String name;
    private final ByteBuffer in = ByteBuffer.allocate(1 << 16).limit(0);
    private SocketChannel channel;

    /**
     * @param socket the server's
     * @param name apart from other clients, for its keys
     */
    RedisClient(Path socket, String name) throws IOException {
        this.socket = socket;
        this.name = name;
        channel = connect();
    }

    private SocketChannel connect() throws IOException {
        SocketChannel opened = SocketChannel.open(StandardProtocolFamily.UNIX);
        opened.connect(UnixDomainSocketAddress.of(socket));
        return opened;
    }

    @Override
    public int round(long number) throws Exception {
        if (number % 20 == 19) {
            channel.close();
            channel = connect();
        }
        List<Question> questions = questions(number);
        questions.forEach(question -> send(question.words()));
        for (Question question : questions) {
            assertThat(answer()).as("%s", question.words()).startsWith(question.answer());
        }
        return questions.size();
    }

    private List<Question> questions(long number) {
        String key = "%s:%d".formatted(name, number % 40);
        String text = "value %d of %s".formatted(number, name);
        List<Question> questions = new ArrayList<>();
        add(questions, "+OK", "SET", key, text);
        add(questions, "$" + text, "GET", key);
        add(questions, "$-1", "GET", key + ":none");
        add(questions, ":" + (number + 1), "INCR", name + ":count");
        add(
                questions,
                "[$" + key + "]",
                "KEYS",
                key.replace(name, "?" + name.substring(1)).replace(":", "[:-:]"));
        add(questions, ":", "DEL", name + ":list");
        add(questions, ":3", "RPUSH", name + ":list", "a", "b", key);
        add(questions, "[$a, $b, $" + key + "]", "LRANGE", name + ":list", "0", "-1");
        add(questions, ":", "PFADD", name + ":hll", "one", "two", "three");
        add(questions, ":3", "PFCOUNT", name + ":hll");
        add(questions, "+OK", "PFMERGE", name + ":merged", name + ":hll");
        add(questions, ":3", "PFCOUNT", name + ":merged");
        add(questions, "+OK", "ACL", "SETUSER", name, "on", ">secret", "~" + name + ":*", "+get", "%R~read:*");
        String script = "local t = {} for i = 1, 9 do t[i] = i * ARGV[1] end local s = [==[ ]] ]==]"
                + " redis.call('SET', KEYS[1], #s) return {t[9], unpack(t, 2, 4)} -- " + number % 7;
        add(
                questions,
                "[:%d, :%d, :%d, :%d]".formatted(9 * number, 2 * number, 3 * number, 4 * number),
                "EVAL",
                script,
                "1",
                name + ":script",
                Long.toString(number));
        add(questions, "$5", "GET", name + ":script");
        add(questions, "$%08x".formatted(number), "EVAL", "return bit.tohex(ARGV[1], 8)", "0", Long.toString(number));
        add(questions, "-ERR Error compiling script", "EVAL", "return {", "0");
        add(questions, "-ERR unknown command", "NONSENSE", key);
        add(questions, "-ERR wrong number of arguments", "GET");
        if (number % 50 == 49) {
            add(questions, "+OK", "SCRIPT", "FLUSH");
        }
        return questions;
    }

    private static void add(List<Question> questions, String answer, String... words) {
        questions.add(new Question(List.of(words), answer));
    }

    /** {@return the answer to one command} */
    String ask(String... words) throws IOException {
        send(List.of(words));
        return answer();
    }

    private void send(List<String> words) {
        StringBuilder text = new StringBuilder("*%d\r\n".formatted(words.size()));
        words.forEach(word -> text.append("$%d\r\n%s\r\n".formatted(word.length(), word)));
        ByteBuffer out = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.ISO_8859_1));
        try {
            while (out.hasRemaining()) {
                channel.write(out);
            }
        } catch (IOException e) {
            throw new AssertionError("the server does not take " + words + ": " + e, e);
        }
    }

    private String answer() throws IOException {
        String line = line();
        char kind = line.charAt(0);
        if (kind == '$' && !line.equals("$-1")) {
            String text = bytes(Integer.parseInt(line.substring(1)));
            assertThat(bytes(2)).isEqualTo("\r\n");
            return "$" + text;
        }
        if (kind == '*' && !line.equals("*-1")) {
            List<String> parts = new ArrayList<>();
            for (int ignored :
                    IntStream.range(0, Integer.parseInt(line.substring(1))).toArray()) {
                parts.add(answer());
            }
            return parts.toString();
        }
        return line;
    }

    private String line() throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.length() < 2 || !text.substring(text.length() - 2).equals("\r\n")) {
            text.append(bytes(1));
        }
        return text.substring(0, text.length() - 2);
    }

    private String bytes(int count) throws IOException {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            if (!in.hasRemaining()) {
                in.clear();
                if (channel.read(in) < 0) {
                    throw new EOFException("the server closed the connection");
                }
                in.flip();
            }
            bytes[i] = in.get();
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
