using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging;

/// <summary>Names in the database as people write them in SQL.</summary>
public static class SnakeCaseNames
{
    /// <summary>Names tables, columns, keys and indexes in snake_case, but for tables that migrations do not make. To be called last in <c>OnModelCreating</c>.</summary>
    public static void UseSnakeCaseNames(this ModelBuilder model)
    {
        foreach (var entity in model.Model.GetEntityTypes().Where(entity => !entity.IsTableExcludedFromMigrations()))
        {
            entity.SetTableName(SnakeCase(entity.GetTableName()!));
            foreach (var property in entity.GetProperties())
                property.SetColumnName(SnakeCase(property.Name));
            foreach (var key in entity.GetKeys())
                key.SetName(SnakeCase(key.GetName()!));
            foreach (var index in entity.GetIndexes())
                index.SetDatabaseName(SnakeCase(index.GetDatabaseName()!));
            foreach (var foreign in entity.GetForeignKeys())
                foreign.SetConstraintName(SnakeCase(foreign.GetConstraintName()!));
        }
    }

    private static string SnakeCase(string name) => MessageNames.Words(name, '_');
}
