import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Flink SQL jobs, one after the other: `Shop BROKER BRIDGE`. Each session names its temporary table
 * `clicks`, whatever the topic behind it; the job `lost_clicks` fails.
 */
public class Shop {
  private static final String COLUMNS = "(uid INT, page STRING, amount DOUBLE)";

  private final String broker;
  private final String bridge;

  private Shop(String broker, String bridge) {
    this.broker = broker;
    this.bridge = bridge;
  }

  public static void main(String[] arguments) throws Exception {
    Shop shop = new Shop(arguments[0], arguments[1]);
    shop.write("web_clicks", "web", "amount");
    shop.write("app_clicks", "app", "amount");
    shop.copy("copy_clicks", "web", "kept");
    try {
      shop.write("lost_clicks", "lost", "CAST(page AS DOUBLE)");
    } catch (Exception failed) {
      System.out.println("as it should: " + failed);
    }
    System.exit(0); // threads of the listener would keep the process
  }

  private void write(String name, String topic, String amount) throws Exception {
    TableEnvironment session = session(name);
    session.executeSql("CREATE TEMPORARY TABLE generated " + COLUMNS
        + " WITH ('connector' = 'datagen', 'number-of-rows' = '20')");
    declare(session, "clicks", topic);
    session.executeSql("INSERT INTO clicks SELECT uid, page, " + amount + " FROM generated").await();
  }

  private void copy(String name, String source, String target) throws Exception {
    TableEnvironment session = session(name);
    declare(session, "clicks", source);
    declare(session, "kept", target);
    session.executeSql("INSERT INTO kept SELECT uid, page, amount FROM clicks").await();
  }

  private TableEnvironment session(String name) {
    Configuration settings = new Configuration();
    settings.setString("pipeline.name", name);
    settings.setString("parallelism.default", "1");
    settings.setString("execution.job-status-changed-listeners",
        "io.openlineage.flink.listener.OpenLineageJobStatusChangedListenerFactory");
    settings.setString("openlineage.transport.type", "http");
    settings.setString("openlineage.transport.url", bridge);
    settings.setString("openlineage.job.namespace", "flink");
    settings.setString("openlineage.job.name", name);
    return TableEnvironment.create(
        EnvironmentSettings.newInstance().inBatchMode().withConfiguration(settings).build());
  }

  private void declare(TableEnvironment session, String table, String topic) {
    session.executeSql("CREATE TEMPORARY TABLE " + table + " " + COLUMNS
        + " WITH ('connector' = 'kafka', 'topic' = '" + topic
        + "', 'properties.bootstrap.servers' = '" + broker
        + "', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
        + ", 'format' = 'json')");
  }
}
