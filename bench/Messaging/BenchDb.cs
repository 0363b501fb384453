using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>A message with one kilobyte of payload. Public, because MassTransit gives exchanges that do not last to types that nobody else sees.</summary>
/// <param name="Number">Counts the messages of a run from 0.</param>
/// <param name="Payload">1,024 characters.</param>
public sealed record BenchMessage(int Number, string Payload)
{
    private static readonly string Kilobyte = new(new Random(1).GetItems<char>("abcdefghijklmnopqrstuvwxyz0123456789", 1024));

    internal static BenchMessage Of(int number) => new(number, Kilobyte);
}

/// <summary>The row that a request or a consumer writes: a small one, beside which the outbox's weighs most.</summary>
internal sealed class Row
{
    public required int Number { get; init; }

    public required string Text { get; init; }

    internal static Row Of(int number) => new() { Number = number, Text = "one row of a request or of a consumer" };
}

/// <summary>The database of the publishing service, and that of the consuming one.</summary>
internal sealed class BenchDb(DbContextOptions<BenchDb> options) : DbContext(options)
{
    // Its migration is written by hand, without a snapshot of the model to compare with.
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Row>(row => row.ToTable("rows").HasKey(entity => entity.Number));
        modelBuilder.Entity<Row>().Property(row => row.Number).ValueGeneratedNever();
        modelBuilder.UseMessaging();
        modelBuilder.UseSnakeCaseNames();
    }
}

[DbContext(typeof(BenchDb)), Migration("1_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("CREATE TABLE rows (number int PRIMARY KEY, text text NOT NULL)");
}
