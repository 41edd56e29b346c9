import GRDB

/// The migrations of the database, in order.
///
/// Each is one file, named by its number and content, and is never edited once it has been released: a change is
/// another migration.
enum HistorySchema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration(Migration001Tables.name, migrate: Migration001Tables.migrate)
        migrator.registerMigration(Migration002Keyframes.name, migrate: Migration002Keyframes.migrate)
        migrator.registerMigration(Migration003Alerts.name, migrate: Migration003Alerts.migrate)
        migrator.registerMigration(Migration004CellIndex.name, migrate: Migration004CellIndex.migrate)
        migrator.registerMigration(Migration005Sets.name, migrate: Migration005Sets.migrate)
        return migrator
    }()
}
