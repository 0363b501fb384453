using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace PhotoPlatform.Media.Data.Migrations
{
    /// <inheritdoc />
    public partial class Lifecycle : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "avatar",
                table: "photos",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<Guid>(
                name: "deletion_id",
                table: "photos",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "description",
                table: "photos",
                type: "character varying(2000)",
                maxLength: 2000,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<DateOnly>(
                name: "retried_on",
                table: "photos",
                type: "date",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "retries",
                table: "photos",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "deletions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    undo_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_deletions", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "export_jobs",
                columns: table => new
                {
                    export_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    free_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    taken_by = table.Column<Guid>(type: "uuid", nullable: true),
                    attempts = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_export_jobs", x => x.export_id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_photos_avatars",
                table: "photos",
                columns: new[] { "owner_id", "id" },
                filter: "avatar");

            migrationBuilder.CreateIndex(
                name: "ix_photos_deletion_id",
                table: "photos",
                column: "deletion_id",
                filter: "deletion_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_photos_gallery",
                table: "photos",
                columns: new[] { "owner_id", "id" },
                descending: new[] { false, true },
                filter: "visibility = 'Public' AND state = 'Ready' AND NOT avatar AND deletion_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_owners_closed_at",
                table: "owners",
                column: "closed_at",
                filter: "closed_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_deletions_owner_id",
                table: "deletions",
                column: "owner_id");

            migrationBuilder.CreateIndex(
                name: "ix_export_jobs_free_at",
                table: "export_jobs",
                column: "free_at");

            migrationBuilder.CreateIndex(
                name: "ix_export_jobs_user_id",
                table: "export_jobs",
                column: "user_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "deletions");

            migrationBuilder.DropTable(
                name: "export_jobs");

            migrationBuilder.DropIndex(
                name: "ix_photos_avatars",
                table: "photos");

            migrationBuilder.DropIndex(
                name: "ix_photos_deletion_id",
                table: "photos");

            migrationBuilder.DropIndex(
                name: "ix_photos_gallery",
                table: "photos");

            migrationBuilder.DropIndex(
                name: "ix_owners_closed_at",
                table: "owners");

            migrationBuilder.DropColumn(
                name: "avatar",
                table: "photos");

            migrationBuilder.DropColumn(
                name: "deletion_id",
                table: "photos");

            migrationBuilder.DropColumn(
                name: "description",
                table: "photos");

            migrationBuilder.DropColumn(
                name: "retried_on",
                table: "photos");

            migrationBuilder.DropColumn(
                name: "retries",
                table: "photos");
        }
    }
}
