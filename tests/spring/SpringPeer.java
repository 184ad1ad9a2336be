import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import org.springframework.amqp.rabbit.annotation.EnableRabbit;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.adapter.MessageListenerAdapter;
import org.springframework.amqp.support.converter.Jackson2JsonMessageConverter;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.ErrorHandler;

/**
 * The other side of syncd's messages, as the services have it: Spring AMQP with its JSON converter.
 *
 * receive URL QUEUE QUEUE   prints READY, then "GOT queue text" for each String that a listener was given (the first
 *                           queue's has an annotation, the second's an adapter), "ERROR what" for each that it wasn't
 * send URL iso|arrays       reads lines "EXCHANGE KEY trainee|summaries JSON" and sends each as an object; prints
 *                           "SENT n" at the end
 */
public class SpringPeer {
  static final ErrorHandler ERRORS = error -> {
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    print("ERROR " + cause.toString().replace('\n', ' '));
  };

  /** What TCS sends. */
  public static class ConnectionInfoDto {
    public Long tcsPersonId;
    public String gmcReferenceNumber;
    public String doctorFirstName;
    public String doctorLastName;
    public LocalDate submissionDate;
    public String programmeName;
    public String programmeMembershipType;
    public String designatedBody;
    public String tcsDesignatedBody;
    public String programmeOwner;
    public String placementGrade;
    public LocalDate programmeMembershipStartDate;
    public LocalDate programmeMembershipEndDate;
    public LocalDate curriculumEndDate;
    public String dataSource;
    public Boolean syncEnd;
  }

  /** What Recommendation holds. */
  public static class DoctorsForDb {
    public String gmcReferenceNumber;
    public String doctorFirstName;
    public String doctorLastName;
    public LocalDate submissionDate;
    public LocalDate dateAdded;
    public String underNotice;
    public String sanction;
    public String doctorStatus;
    public LocalDate lastUpdatedDate;
    public LocalDateTime gmcLastUpdatedDateTime;
    public String designatedBodyCode;
    public String admin;
    public Boolean existsInGmc;
  }

  public static class RevalidationSummaryDto {
    public DoctorsForDb doctor;
    public String gmcOutcome;
  }

  public static class IndexSyncMessage {
    public List<RevalidationSummaryDto> payload;
    public Boolean syncEnd;
  }

  /** As a service's listener looks. */
  public static class Listener {
    @RabbitListener(queues = "${peer.queue}")
    public void receiveMessageGet(final String command) {
      print("GOT " + System.getProperty("peer.queue") + " " + command);
    }
  }

  @Configuration
  @EnableRabbit
  public static class Receiver {
    @Bean
    public CachingConnectionFactory connectionFactory() {
      return new CachingConnectionFactory(URI.create(System.getProperty("peer.url")));
    }

    @Bean
    public Jackson2JsonMessageConverter messageConverter() {
      return new Jackson2JsonMessageConverter();
    }

    @Bean
    public SimpleRabbitListenerContainerFactory rabbitListenerContainerFactory() {
      SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
      factory.setConnectionFactory(connectionFactory());
      factory.setMessageConverter(messageConverter());
      factory.setDefaultRequeueRejected(false);
      factory.setErrorHandler(ERRORS);
      return factory;
    }

    @Bean
    public Listener listener() {
      return new Listener();
    }
  }

  static synchronized void print(final String line) {
    System.out.println(line);
    System.out.flush();
  }

  static void receive(final String url, final String annotated, final String adapted) throws Exception {
    System.setProperty("peer.url", url);
    System.setProperty("peer.queue", annotated);
    AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Receiver.class);
    Object delegate = new Object() {
      @SuppressWarnings("unused")
      public void handleMessage(final String command) {
        print("GOT " + adapted + " " + command);
      }
    };
    SimpleMessageListenerContainer container =
        new SimpleMessageListenerContainer(context.getBean(CachingConnectionFactory.class));
    container.setQueueNames(adapted);
    container.setMessageListener(
        new MessageListenerAdapter(delegate, context.getBean(Jackson2JsonMessageConverter.class)));
    container.setDefaultRequeueRejected(false);
    container.setErrorHandler(ERRORS);
    container.start();
    print("READY");
    while (System.in.read() >= 0) {
      continue; // until whoever started this closes its end
    }
    container.stop();
    context.close();
  }

  static void send(final String url, final boolean arrays) throws Exception {
    ObjectMapper reader = new ObjectMapper().registerModule(new JavaTimeModule())
        .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    ObjectMapper writer = new ObjectMapper().registerModule(new JavaTimeModule())
        .configure(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, arrays);
    CachingConnectionFactory connections = new CachingConnectionFactory(URI.create(url));
    RabbitTemplate template = new RabbitTemplate(connections);
    template.setMessageConverter(new Jackson2JsonMessageConverter(writer));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int sent = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ", 4);
      JsonNode json = reader.readTree(words[3]);
      Class<?> type = words[2].equals("trainee") ? ConnectionInfoDto.class : IndexSyncMessage.class;
      template.convertAndSend(words[0], words[1], reader.treeToValue(json, type));
      ++sent;
    }
    connections.destroy();
    print("SENT " + sent);
  }

  public static void main(final String[] args) throws Exception {
    if (args[0].equals("receive")) {
      receive(args[1], args[2], args[3]);
    } else {
      send(args[1], args[2].equals("arrays"));
    }
  }
}
